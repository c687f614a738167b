import type { Duplex } from 'node:stream'
import { PassThrough, Writable } from 'node:stream'
import { type Frame, readFrames, writeFrame } from '@sealift/api/channel.ts'
import { ExecStart, TerminalSize } from '@sealift/api/exec.ts'
import type { Driver } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'

/** Finds where a component's commands run. */
export type ExecPlace = (component: string) => Promise<Driver>

/**
 * Runs a command inside a replica with its input and output on a channel. Where the client goes away,
 * the command is ended.
 * @throws SealiftError `USAGE`, `REPLICA_NOT_FOUND`, and what `place` throws
 */
export async function execOnChannel(installation: string, place: ExecPlace, channel: Duplex): Promise<void> {
  const frames = readFrames(channel)
  const first = await frames.next()
  if (first.done === true) return
  const start = parse(first.value, 'start', ExecStart)
  const driver = await place(start.component)
  const gone = new AbortController()
  channel.on('close', () => gone.abort())
  const stdin = new PassThrough()
  const sizes = new SizeQueue()
  void receive(frames, stdin, sizes)
    .catch(() => channel.destroy())
    .finally(() => {
      // A client that is still there says by a frame that its input has ended.
      gone.abort()
      stdin.end()
      sizes.end()
    })
  const { component, replica, command, tty, size } = start
  if (size !== undefined) sizes.push(size)
  const { exitCode } = await driver.exec({
    installation,
    component,
    replica,
    command,
    tty,
    ...(start.stdin ? { stdin } : {}),
    stdout: output(channel, 'stdout'),
    stderr: output(channel, 'stderr'),
    sizes,
    signal: gone.signal,
  })
  await writeFrame(channel, 'exit', JSON.stringify({ exitCode }))
}

/** Passes what the client sends on, until it ends. */
async function receive(frames: AsyncIterable<Frame>, stdin: PassThrough, sizes: SizeQueue): Promise<void> {
  for await (const frame of frames) {
    if (frame.kind === 'resize') sizes.push(parse(frame, 'resize', TerminalSize))
    else if (frame.kind === 'stdinEnd') stdin.end()
    else if (frame.kind === 'stdin' && stdin.writable && !stdin.write(frame.data)) {
      // Nothing more is read from the client until the command has taken this.
      await new Promise<void>((resolve) => stdin.once('drain', resolve).once('close', resolve))
    }
  }
}

function output(channel: Duplex, kind: 'stdout' | 'stderr'): Writable {
  const pass = async (data: Buffer, done: (error?: Error | null) => void): Promise<void> => {
    await writeFrame(channel, kind, data)
    done()
  }
  return new Writable({ write: (data: Buffer, _encoding, done) => void pass(data, done) })
}

function parse<Schema extends TSchema>({ kind, data }: Frame, expected: Frame['kind'], schema: Schema): Static<Schema> {
  let value: unknown
  try {
    value = kind === expected ? (JSON.parse(data.toString('utf8')) as unknown) : undefined
  } catch {
    // Said below.
  }
  if (Check(schema, value)) return value
  throw new SealiftError('USAGE', `the channel: expected a frame of kind ${expected} with what it needs`)
}

/** The sizes that a terminal takes, of which only the latest counts. */
class SizeQueue implements AsyncIterable<TerminalSize> {
  #latest: TerminalSize | undefined
  #ended = false
  #wake = (): void => {}

  push(size: TerminalSize): void {
    this.#latest = size
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TerminalSize> {
    for (;;) {
      const size = this.#latest
      this.#latest = undefined
      if (size !== undefined) yield size
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
