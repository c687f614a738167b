import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ExecRequest } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { endExec } from './end-exec.ts'
import type { EngineClient } from './engine-client.ts'
import { demultiplex } from './multiplexed-stream.ts'
import { requireMain } from './replica.ts'

/** What a shell says of a program that SIGKILL ended. */
const KILLED = 137

/**
 * Runs a command inside a running replica, with its input and output connected; the output streams
 * are not ended.
 * @throws SealiftError `REPLICA_NOT_FOUND`
 */
export async function exec(engine: EngineClient, request: ExecRequest): Promise<number> {
  const { installation, component, replica: index, command, tty, stdin, stdout, stderr, sizes, signal } = request
  const { main } = await requireMain(engine, installation, component, index)
  if (!main.State.Running) {
    throw new SealiftError('REPLICA_NOT_FOUND', `replica ${index} of component ${component} does not run (${main.State.Status})`)
  }
  const { id, connection } = await engine.startExec(main.Id, { command, tty, stdin: stdin !== undefined })
  const stop = (): void => {
    connection.destroy()
    void endExec(engine, id).catch(() => {})
  }
  signal?.addEventListener('abort', stop, { once: true })
  if (signal?.aborted) stop()
  // The command may end before it has read its input; what it wrote and its exit code still count.
  connection.on('error', () => {})
  stdin?.on('error', () => connection.end())
  stdin?.pipe(connection)
  if (tty && sizes !== undefined) void follow(engine, id, sizes).catch(() => {})
  try {
    if (tty) for await (const data of connection as AsyncIterable<Buffer>) await write(stdout, data)
    else for await (const { stream, data } of demultiplex(connection)) await write(stream === 'stdout' ? stdout : stderr, data)
  } catch (thrown) {
    if (signal?.aborted) return KILLED
    throw thrown
  } finally {
    signal?.removeEventListener('abort', stop)
    stdin?.unpipe(connection)
    connection.destroy()
  }
  return signal?.aborted ? KILLED : engine.execExitCode(id)
}

/** Gives the terminal its sizes. */
async function follow(engine: EngineClient, id: string, sizes: NonNullable<ExecRequest['sizes']>): Promise<void> {
  for await (const size of sizes) await engine.resizeExec(id, size)
}

async function write(stream: Writable, data: Buffer): Promise<void> {
  if (!stream.write(data)) await once(stream, 'drain')
}
