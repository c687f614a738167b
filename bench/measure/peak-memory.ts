import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Milliseconds between looks. The kernel keeps the peak itself, so that only a rise just before the end can be missed. */
const INTERVAL = 5

/**
 * Runs a program, which must succeed, to its end.
 * @returns the most memory that it had resident, in bytes; not that of programs which it starts
 */
export function peakMemory(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const [program = '', ...rest] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const said: Buffer[] = []
    child.stderr.on('data', (piece: Buffer) => said.push(piece))
    let peak = 0
    const timer = setInterval(() => (peak = Math.max(peak, highWaterMark(child.pid))), INTERVAL)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(timer)
      if (code === 0) resolve(peak)
      else reject(new Error(`${argv.slice(0, 4).join(' ')} ended with ${code}:\n${Buffer.concat(said).toString().slice(-2000)}`))
    })
  })
}

function highWaterMark(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    // It has just ended.
    return 0
  }
}
