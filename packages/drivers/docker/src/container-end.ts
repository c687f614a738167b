import type { EngineClient } from './engine-client.ts'
import { demultiplex } from './multiplexed-stream.ts'

const OUTPUT_LIMIT = 64 * 1024

/**
 * Waits until a container that was started has ended.
 * @param timeout seconds until it is killed
 * @param abort ends the waiting; the container runs on
 * @returns the exit code, or undefined where the container had to be killed
 * @throws the reason of `abort`
 */
export async function endOf(engine: EngineClient, container: string, timeout: number, abort?: AbortSignal): Promise<number | undefined> {
  const expired = AbortSignal.timeout(Math.max(1, Math.ceil(timeout * 1000)))
  try {
    return await engine.waitContainer(container, abort === undefined ? expired : AbortSignal.any([expired, abort]))
  } catch (thrown) {
    abort?.throwIfAborted()
    if (!expired.aborted) throw thrown
  }
  await engine.killContainer(container)
  await engine.waitContainer(container)
  return undefined
}

/** The last 64 KiB of what a container printed. */
export async function lastOutput(engine: EngineClient, container: string): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const { data } of demultiplex(await engine.logs(container, { follow: false, timestamps: false }))) {
    pieces.push(data)
    size += data.length
    for (let first = pieces[0]; first !== undefined && size - first.length >= OUTPUT_LIMIT; first = pieces[0]) {
      size -= first.length
      pieces.shift()
    }
  }
  return Buffer.concat(pieces).subarray(-OUTPUT_LIMIT).toString('utf8')
}
