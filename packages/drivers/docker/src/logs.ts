import type { LogLine, LogOptions } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { readLines } from './log-lines.ts'
import { mergeArriving, mergeOrdered } from './merge.ts'
import { demultiplex } from './multiplexed-stream.ts'
import { currentMain, findReplicas } from './replica.ts'

/**
 * What the replicas of a component wrote: by time where what is there is asked for, as it comes where
 * it is followed. `tail` counts for each replica, and counts a line of more than 16 KiB as several, as the
 * engine keeps it.
 * @throws SealiftError `REPLICA_NOT_FOUND`
 */
export async function* readLogs(engine: EngineClient, installation: string, component: string, options: LogOptions): AsyncGenerator<LogLine> {
  const replicas = (await findReplicas(engine, installation, component)).filter(({ index }) => options.replica === undefined || options.replica === index)
  const mains = replicas.flatMap((replica) => {
    const main = currentMain(replica)
    return main === undefined ? [] : [{ index: replica.index, main }]
  })
  if (mains.length === 0) {
    const which = options.replica === undefined ? 'container' : `container for replica ${options.replica}`
    throw new SealiftError('REPLICA_NOT_FOUND', `component ${component} of ${installation} has no ${which}`)
  }
  const ended = new AbortController()
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
  const sources = mains.map(({ index, main }) => replicaLines(engine, component, index, main, options, signal))
  if (options.follow) yield* mergeArriving(sources, () => ended.abort())
  else yield* mergeOrdered(sources, (a, b) => a.time < b.time)
}

async function* replicaLines(
  engine: EngineClient,
  component: string,
  index: number,
  main: ContainerDetails,
  { follow, tail, since }: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  try {
    const output = await engine.logs(main.Id, {
      follow,
      timestamps: true,
      signal,
      ...(tail === undefined ? {} : { tail }),
      ...(since === undefined ? {} : { since }),
    })
    for await (const { stream, time, text } of readLines(demultiplex(output))) {
      // Podman looks at whole seconds only.
      if (since !== undefined && Date.parse(time) < since.getTime()) continue
      yield { component, replica: index, stream, time, text }
    }
  } catch (thrown) {
    // The reader has seen enough; that is how following ends.
    if (!signal.aborted) throw thrown
  }
}
