import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'
import type { Tally } from './tally.ts'
import { TALLY_FILE } from './tally-reporter.ts'

/** Runs the tests of one of vitest's projects, those whose path holds one of the patterns, or all. */
export async function runVitest(project: string, patterns: readonly string[]): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'sealift-test-'))
  const file = join(folder, 'tally.json')
  try {
    const reporters = ['default', join(import.meta.dirname, 'tally-reporter.ts')].flatMap((reporter) => ['--reporter', reporter])
    // A forgotten `.only` would silence every other test.
    const { code } = await runProgram(['vitest', 'run', '--project', project, '--allowOnly=false', ...reporters, ...patterns], { [TALLY_FILE]: file })
    const tally: Tally = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Tally) : { passed: 0, failed: [], skipped: [] }
    if (code === 0 || tally.failed.length > 0) return tally
    return { ...tally, failed: [{ name: `${project} tests`, reason: `vitest ended with ${code}` }] }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
