import { errorReference } from './reference/error-reference.ts'
import { writeDocument } from './reference/write-document.ts'

/** Writes the page of errors from the catalogue. */
await writeDocument('docs/errors.md', errorReference(), 'npm run errors')
