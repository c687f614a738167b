import { copyFolderHashed, copyHashed } from './copy-hashed.ts'

/* The yardstick as a program of its own: node bench/baseline/main.ts file|folder FROM TO */
const [what, from = '', to = ''] = process.argv.slice(2)
if (what === 'folder') await copyFolderHashed(from, to)
else await copyHashed(from, to)
