import { runProgram } from './run-program.ts'
import type { Note, Tally } from './tally.ts'

/** What looks at the sources without running them. */
const CHECKS: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: 'types', argv: ['npm', 'run', '--silent', 'typecheck'] },
  { name: 'lint', argv: ['npm', 'run', '--silent', 'lint'] },
  { name: 'format', argv: ['npm', 'run', '--silent', 'format:check'] },
  { name: 'unused code', argv: ['npm', 'run', '--silent', 'unused'] },
  { name: 'layers', argv: ['npm', 'run', '--silent', 'layers'] },
  { name: 'schemas', argv: ['npm', 'run', '--silent', 'schema', '--', '--check'] },
]

/** Runs every check, also after one that found something. */
export async function runChecks(): Promise<Tally> {
  const failed: Note[] = []
  for (const { name, argv } of CHECKS) {
    console.log(`\n── check: ${name}`)
    const { code } = await runProgram(argv)
    if (code !== 0) failed.push({ name: `check: ${name}`, reason: `${argv.join(' ')} ended with ${code}` })
  }
  return { passed: CHECKS.length - failed.length, failed, skipped: [] }
}
