import type { LogLine, LogOptions } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { followLogs } from './follow-logs.ts'
import { mergeOrdered } from './merge.ts'
import { currentMain, findReplicas } from './replica.ts'
import { replicaLines } from './replica-lines.ts'

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
  if (options.follow) {
    yield* followLogs(engine, installation, component, options)
    return
  }
  const signal = options.signal ?? new AbortController().signal
  yield* mergeOrdered(
    mains.map(({ index, main }) =>
      options.previous === true
        ? lastOf(previousLines(engine, component, index, main, options, signal), options.tail)
        : replicaLines(engine, component, index, main, options, signal),
    ),
    (a, b) => a.time < b.time,
  )
}

/** What a container wrote before its program was started the last time. Engines keep no log of a container that was replaced. */
async function* previousLines(
  engine: EngineClient,
  component: string,
  index: number,
  main: ContainerDetails,
  { since }: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  for await (const line of replicaLines(engine, component, index, main, { follow: false, ...(since === undefined ? {} : { since }) }, signal)) {
    // One that does not run has its last run behind it, and so has one that waits for its restart, which counts as running.
    if (main.State.Running && !main.State.Restarting && line.time >= main.State.StartedAt) return
    yield line
  }
}

/** The last so many of the lines. */
async function* lastOf(lines: AsyncIterable<LogLine>, count: number | undefined): AsyncGenerator<LogLine> {
  if (count === undefined) {
    yield* lines
    return
  }
  const last: LogLine[] = []
  for await (const line of lines) {
    last.push(line)
    if (last.length > count) last.shift()
  }
  yield* last
}
