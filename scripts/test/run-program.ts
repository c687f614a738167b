import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Runs one of the checkout's programs at its root, with its output on this one's. Gives its exit code; null where a signal ended it. */
export async function runProgram(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{ readonly code: number | null }> {
  const [program = '', ...rest] = argv
  // The checkout's own Node and tools come before whatever else is installed.
  const path = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`
  const child = spawn(program, rest, { cwd: ROOT, env: { ...process.env, PATH: path, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code }
}
