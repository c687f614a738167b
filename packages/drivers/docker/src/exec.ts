import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ExecRequest } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import { demultiplex } from './multiplexed-stream.ts'
import { requireMain } from './replica.ts'

/**
 * Runs a command inside a running replica, with its input and output connected; the output streams
 * are not ended.
 * @throws SealiftError `REPLICA_NOT_FOUND`
 */
export async function exec(engine: EngineClient, request: ExecRequest): Promise<number> {
  const { installation, component, replica: index, command, tty, stdin, stdout, stderr } = request
  const { main } = await requireMain(engine, installation, component, index)
  if (!main.State.Running) {
    throw new SealiftError('REPLICA_NOT_FOUND', `replica ${index} of component ${component} does not run (${main.State.Status})`)
  }
  const { id, connection } = await engine.startExec(main.Id, { command, tty, stdin: stdin !== undefined })
  // The command may end before it has read its input; what it wrote and its exit code still count.
  connection.on('error', () => {})
  stdin?.on('error', () => connection.end())
  stdin?.pipe(connection)
  try {
    if (tty) for await (const data of connection as AsyncIterable<Buffer>) await write(stdout, data)
    else for await (const { stream, data } of demultiplex(connection)) await write(stream === 'stdout' ? stdout : stderr, data)
  } finally {
    stdin?.unpipe(connection)
    connection.destroy()
  }
  return engine.execExitCode(id)
}

async function write(stream: Writable, data: Buffer): Promise<void> {
  if (!stream.write(data)) await once(stream, 'drain')
}
