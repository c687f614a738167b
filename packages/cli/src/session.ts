import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Client } from '@sealift/api/client.ts'
import { toErrorDocument } from '@sealift/api/error-document.ts'
import { type SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { connect } from './connect.ts'
import { wrap } from './terminal/columns.ts'
import { paint } from './terminal/style.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  readonly json?: true
  readonly data?: string
  readonly server?: string
}

/** What a command works with. */
export interface Session {
  readonly client: Client
  readonly json: boolean
  /** Ends the command's result: one JSON document with `--json`, else what `print` makes of it. */
  readonly answer: <T>(result: T, print: (result: T) => string) => void
  /** A message for people, on standard error. */
  readonly say: (message: string) => void
  /** The exit code if the command fails, instead of its error's. */
  readonly endWith: (exitCode: number) => void
}

/** The data folder that a command works on. */
export function dataFolder({ data }: GlobalOptions): string {
  return resolve(data || process.env.SEALIFT_DATA || join(homedir(), '.sealift'))
}

/** Runs a command's work with a connection, and turns what it throws into a message and an exit code. */
export async function inSession(command: Command, work: (session: Session) => Promise<void>): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>()
  const json = options.json === true
  const say = (message: string): void => void process.stderr.write(`${message}\n`)
  let exitCode: number | undefined
  try {
    await using connection = await connect({ data: dataFolder(options), ...(options.server === undefined ? {} : { server: options.server }) })
    try {
      await work({
        client: connection.client,
        json,
        answer: (result, print) => void process.stdout.write(json ? `${JSON.stringify(result)}\n` : print(result)),
        say,
        endWith: (code) => {
          exitCode = code
        },
      })
    } finally {
      await connection.leave((jobs) => say(`Waiting for what another command runs through this one: ${jobs.map(({ title }) => title).join(', ')} …`))
    }
  } catch (thrown) {
    reportFailure(thrown, json)
    if (exitCode !== undefined) process.exitCode = exitCode
  }
}

/** Prints an error, as JSON where that was asked for, and sets the exit code. */
export function reportFailure(thrown: unknown, json: boolean): void {
  // What went wrong first is what counts, not that the end went wrong too.
  const error = toSealiftError(thrown instanceof SuppressedError ? thrown.suppressed : thrown, 'unexpected')
  process.exitCode = error.exitCode
  if (json) process.stdout.write(`${JSON.stringify({ error: toErrorDocument(error) })}\n`)
  process.stderr.write(formatError(error))
  if (process.env.SEALIFT_DEBUG) console.error(thrown)
}

function formatError(error: SealiftError): string {
  const columns = Math.min(process.stderr.columns || 100, 100) - 2
  const label = error.exitCode === 3 ? 'refused' : 'error'
  const problems = Array.isArray(error.details.problems) ? (error.details.problems as { message?: string }[]) : []
  const lines = [
    `${paint(process.stderr, ['bold', 'red'], label)}: ${error.message} ${paint(process.stderr, 'dim', `[${error.code}]`)}`,
    ...problems
      .slice(0, 50)
      .flatMap((problem) => (typeof problem.message === 'string' && !error.message.includes(problem.message) ? [`  ${problem.message}`] : [])),
    ...wrap(`→ ${error.hint}`, columns),
  ]
  return `${lines.join('\n')}\n`
}
