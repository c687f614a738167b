import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLine, LogOptions } from '@sealift/deploy/driver.ts'
import { ArrivingQueue } from './arriving-queue.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { currentMain, findReplicas } from './replica.ts'
import { replicaLines } from './replica-lines.ts'

/** Milliseconds between looks for containers that were started anew: the engine ends a log with the program that wrote it. */
const LOOK = 1000

/** A container whose log is read. */
interface Followed {
  startedAt: string
  reads: boolean
  /** Time of the last line that was passed on. */
  last: string | undefined
}

/**
 * What the replicas of a component write, as it comes, also when their containers are restarted,
 * replaced or added; until the signal is aborted.
 */
export async function* followLogs(engine: EngineClient, installation: string, component: string, options: LogOptions): AsyncGenerator<LogLine> {
  const ended = new AbortController()
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
  const queue = new ArrivingQueue<LogLine>()
  signal.addEventListener('abort', () => queue.end(), { once: true })
  const followed = new Map<string, Followed>()
  let isFirst = true

  const read = async (index: number, main: ContainerDetails, entry: Followed, more: Pick<LogOptions, 'tail' | 'since'>): Promise<void> => {
    entry.reads = true
    entry.startedAt = main.State.StartedAt
    try {
      for await (const line of replicaLines(engine, component, index, main, { ...more, follow: true }, signal, entry.last)) {
        entry.last = line.time
        await queue.push(line)
      }
    } catch (thrown) {
      // A container that was removed meanwhile has nothing more to say; its successor has.
      if ((await engine.inspectContainer(main.Id).catch(() => main)) !== undefined) queue.fail(thrown)
    } finally {
      entry.reads = false
    }
  }

  const look = async (): Promise<void> => {
    for (const replica of await findReplicas(engine, installation, component)) {
      const main = currentMain(replica)
      if (main === undefined || (options.replica !== undefined && options.replica !== replica.index)) continue
      const known = followed.get(main.Id)
      if (known?.reads === true || known?.startedAt === main.State.StartedAt) continue
      const entry = known ?? { startedAt: '', reads: false, last: undefined }
      followed.set(main.Id, entry)
      // Only of what was there from the start some may be left out.
      void read(replica.index, main, entry, isFirst ? options : {})
    }
    isFirst = false
  }

  const looking = (async () => {
    while (!signal.aborted) {
      await look()
      await sleep(LOOK, undefined, { signal })
    }
  })().catch((thrown: unknown) => {
    if (!signal.aborted) queue.fail(thrown)
  })
  try {
    yield* queue.read()
  } finally {
    ended.abort()
    await looking
  }
}
