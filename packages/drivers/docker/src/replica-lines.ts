import type { LogLine, LogOptions } from '@sealift/deploy/driver.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { readLines } from './log-lines.ts'
import { demultiplex } from './multiplexed-stream.ts'

/**
 * What one container wrote, and writes where it is followed, until its program ends.
 * @param after only what was written later than this
 */
export async function* replicaLines(
  engine: EngineClient,
  component: string,
  index: number,
  main: ContainerDetails,
  { follow, tail, since }: LogOptions,
  signal: AbortSignal,
  after?: string,
): AsyncGenerator<LogLine> {
  try {
    const from = after ?? since?.toISOString()
    const output = await engine.logs(main.Id, {
      follow,
      timestamps: true,
      signal,
      ...(tail === undefined ? {} : { tail }),
      ...(from === undefined ? {} : { since: from }),
    })
    for await (const { stream, time, text } of readLines(demultiplex(output))) {
      // Podman looks at whole seconds only.
      if (since !== undefined && Date.parse(time) < since.getTime()) continue
      if (after !== undefined && time <= after) continue
      yield { component, replica: index, stream, time, text }
    }
  } catch (thrown) {
    // The reader has seen enough; that is how following ends.
    if (!signal.aborted) throw thrown
  }
}
