import { ERROR_CATALOGUE, ERROR_GROUPS } from '@sealift/oci/error-catalogue.ts'

const INTRODUCTION = `# Errors

Every error that Sealift reports by intention has a code. The command line prints it in brackets behind the message, and below it the way out; with \`--json\` it is the field \`error.code\`. The way out that is printed may be closer to the case than the general one that stands here.

\`\`\`
refused: visits.sealift is signed by the key 7ac22f47-…-7a3f0f22, which is not trusted here [KEY_UNTRUSTED]
→ Compare the whole fingerprint with the one that the vendor gave you by another way than this bundle. …
\`\`\`

| exit code | means |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | wrong usage: the command, a value or a file that was given is not as it must be |
| 3 | refused: Sealift could, but would not without being told; nothing was changed |
| 4 | not found |

This page is made from \`packages/oci/src/error-catalogue.ts\` with \`npm run errors\`.
`

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)

/** The text of `docs/errors.md`. */
export function errorReference(): string {
  const count = Object.keys(ERROR_CATALOGUE).length
  const groups = ERROR_GROUPS.map(({ title, entries }) => {
    const rows = Object.entries(entries).map(([code, { exit, meaning, wayOut }]) => `| \`${code}\` | ${exit} | ${cell(meaning)} | ${cell(wayOut)} |\n`)
    return `\n## ${title}\n\n| code | exit | meaning | way out |\n|---|---|---|---|\n${rows.join('')}`
  })
  return `${INTRODUCTION}\nThere are ${count} codes.\n${groups.join('')}`
}
