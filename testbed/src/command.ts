import { spawn } from 'node:child_process'

/** How a program ended, and what it wrote. A program that was killed by a signal has code 128. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  /** Milliseconds after which the program is killed. */
  readonly timeout?: number
  /** Shows the program's output on this process's terminal instead of collecting it; `errors`: only its standard error, where programs tell how far they are. */
  readonly show?: boolean | 'errors'
  /** Ends the program when it is aborted. */
  readonly signal?: AbortSignal
}

/** A program that ended with another code than 0, with what it said. */
export class CommandError extends Error {
  readonly outcome: Outcome

  constructor(argv: readonly string[], outcome: Outcome) {
    const said = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').slice(-15).join('\n')
    super(`${argv.slice(0, 6).join(' ')} ended with ${outcome.code}${said ? `:\n${said}` : ''}`)
    this.name = 'CommandError'
    this.outcome = outcome
  }
}

/** Runs a program to its end, whatever its code. Rejects only when it cannot be started. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [program, ...rest] = argv
  if (program === undefined) throw new TypeError('no program given')
  return new Promise((resolve, reject) => {
    const shown = (stream: 'output' | 'errors') => (options.show === true || options.show === stream ? 'inherit' : 'pipe')
    const child = spawn(program, rest, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', shown('output'), shown('errors')],
      ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: 'SIGKILL' as const }),
    })
    const abort = () => child.kill('SIGTERM')
    options.signal?.addEventListener('abort', abort)
    child.on('close', () => options.signal?.removeEventListener('abort', abort))
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 128, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }))
    // A program that ends before it has read everything is no fault of ours; its code tells.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input)
  })
}

/** Runs a program that must succeed, and gives its standard output without the last line break. */
export async function must(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const outcome = await run(argv, options)
  if (outcome.code !== 0) throw new CommandError(argv, outcome)
  return outcome.stdout.trimEnd()
}
