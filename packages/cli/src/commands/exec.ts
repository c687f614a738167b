import { constants } from 'node:os'
import type { Duplex } from 'node:stream'
import { isatty } from 'node:tty'
import { readFrames, writeFrame } from '@sealift/api/channel.ts'
import { type ErrorDocument, fromErrorDocument } from '@sealift/api/error-document.ts'
import type { ExecEnd, ExecStart } from '@sealift/api/exec.ts'
import { operationRoutes } from '@sealift/api/routes/operations.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { inSession } from '../session.ts'

interface ExecOptions {
  readonly replica: number
  readonly tty?: boolean
  readonly stdin: boolean
}

/** `sealift exec` */
export function addExec(program: Command): void {
  program
    .command('exec')
    .summary('run a command inside a component')
    .description(
      'Runs a command inside a component’s container, with its input and output here, and ends with its exit code. With --json its output stands in the document.',
    )
    .argument('<name>', 'the installation')
    .argument('<component>', 'the component')
    .argument('[command...]', 'the command and its words, after -- (default: sh)')
    .option('--replica <n>', 'in which of several replicas', parseReplica, 0)
    .option('-t, --tty', 'with a terminal (default: where this command has one)')
    .option('--no-tty', 'without a terminal')
    .option('--no-stdin', 'without input')
    .addHelpText(
      'after',
      '\nExamples:\n  sealift exec bookshop db\n  sealift exec bookshop db -- mariadb-admin status\n  sealift exec bookshop db --no-tty -- sh -c "cat >/tmp/dump.sql" <dump.sql',
    )
    .action(async (name: string, component: string, words: string[], options: ExecOptions, command: Command) => {
      await inSession(command, async (session) => {
        const { client, json } = session
        const tty = !json && (options.tty ?? (isatty(0) && isatty(1)))
        const start: ExecStart = {
          component,
          replica: options.replica,
          command: words.length === 0 ? ['sh'] : words,
          tty,
          stdin: options.stdin && !(json && process.stdin.isTTY),
          ...(tty ? { size: terminalSize() } : {}),
        }
        const captured: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
        const channel = await client.open(operationRoutes.exec, { params: { name } })
        const exitCode = await converse(channel, start, async (stream, data) => {
          if (json) captured[stream].push(Buffer.from(data))
          else if (!process[stream].write(data)) await new Promise<void>((resolve) => process[stream].once('drain', resolve))
        })
        const text = (stream: 'stdout' | 'stderr'): string => Buffer.concat(captured[stream]).toString('utf8')
        if (json) session.answer({ exitCode, stdout: text('stdout'), stderr: text('stderr') }, () => '')
        process.exitCode = exitCode
      })
    })
}

function parseReplica(text: string): number {
  const replica = Number(text)
  if (!Number.isInteger(replica) || replica < 0) throw new InvalidArgumentError('expected the number of a replica.')
  return replica
}

function terminalSize(): { readonly columns: number; readonly rows: number } {
  return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
}

/** Talks with the command until it ends; returns its exit code. */
async function converse(channel: Duplex, start: ExecStart, show: (stream: 'stdout' | 'stderr', data: Buffer) => Promise<void>): Promise<number> {
  await using ending = new AsyncDisposableStack()
  ending.defer(() => void channel.destroy())
  channel.on('error', () => {})
  await writeFrame(channel, 'start', JSON.stringify(start))
  if (start.tty) {
    const resize = (): void => void writeFrame(channel, 'resize', JSON.stringify(terminalSize()))
    process.stdout.on('resize', resize)
    ending.defer(() => void process.stdout.off('resize', resize))
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(true)
      // Whatever happens, the terminal is left as it was.
      ending.defer(() => void process.stdin.setRawMode(false))
    }
  } else {
    // Ends the command too: the server kills it when its client is gone.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const leave = (): void => {
        channel.destroy()
        process.exit(128 + constants.signals[signal])
      }
      process.once(signal, leave)
      ending.defer(() => void process.off(signal, leave))
    }
  }
  if (start.stdin) {
    void send(channel)
    // Nobody waits for input that the command did not take.
    ending.defer(() => void process.stdin.destroy())
  }
  for await (const { kind, data } of readFrames(channel)) {
    if (kind === 'stdout' || kind === 'stderr') await show(kind, data)
    else if (kind === 'exit') return (JSON.parse(data.toString('utf8')) as ExecEnd).exitCode
    else if (kind === 'error') throw fromErrorDocument(JSON.parse(data.toString('utf8')) as ErrorDocument)
  }
  throw new SealiftError('SERVER_UNREACHABLE', 'the server went away before the command had ended')
}

/** Sends this command's input. It is read no faster than the other side takes it. */
async function send(channel: Duplex): Promise<void> {
  try {
    for await (const data of process.stdin as AsyncIterable<Buffer>) await writeFrame(channel, 'stdin', data)
    await writeFrame(channel, 'stdinEnd')
  } catch {
    // The command has ended, and with it the interest in its input.
  }
}
