import type { LogLine } from '@sealift/api/installation.ts'

/**
 * Lines of several sources as one. Without following they are sorted by time; while following each is
 * passed on as it comes.
 */
export async function* mergeLogs(sources: readonly AsyncIterable<LogLine>[], follow: boolean): AsyncGenerator<LogLine> {
  if (sources.length === 1) {
    yield* sources[0] as AsyncIterable<LogLine>
    return
  }
  const waiting = new Map(sources.map((source, index) => [index, next(source[Symbol.asyncIterator](), index)]))
  // Sorting needs a line of every source at hand; what is followed may be silent for ever.
  const heads = new Map<number, Arrived>()
  try {
    while (waiting.size > 0 || heads.size > 0) {
      if (waiting.size > 0 && (!follow || heads.size === 0)) {
        const arrived = follow ? await Promise.race(waiting.values()) : await (waiting.values().next().value as Promise<Arrived>)
        waiting.delete(arrived.index)
        if (!arrived.result.done) heads.set(arrived.index, arrived)
        if (!follow && waiting.size > 0) continue
      }
      let first: Arrived | undefined
      for (const head of heads.values()) if (first === undefined || timeOf(head) < timeOf(first)) first = head
      if (first === undefined) continue
      heads.delete(first.index)
      yield first.result.value as LogLine
      waiting.set(first.index, next(first.iterator, first.index))
    }
  } finally {
    for (const { iterator } of heads.values()) await iterator.return?.()
  }
}

interface Arrived {
  readonly index: number
  readonly iterator: AsyncIterator<LogLine>
  readonly result: IteratorResult<LogLine>
}

async function next(iterator: AsyncIterator<LogLine>, index: number): Promise<Arrived> {
  return { index, iterator, result: await iterator.next() }
}

function timeOf({ result }: Arrived): string {
  return result.done === true ? '' : result.value.time
}
