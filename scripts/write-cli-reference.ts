import { createProgram } from '@sealift/cli/program.ts'
import { cliReference } from './reference/cli-reference.ts'
import { writeDocument } from './reference/write-document.ts'

/** Writes the reference of the command line from the program itself. */
await writeDocument('docs/cli.md', cliReference(createProgram()), 'npm run cli-reference')
