import type { LogLine } from '@sealift/api/installation.ts'

interface Arrived {
  readonly index: number
  readonly result: IteratorResult<LogLine>
}

/**
 * Lines of several sources as one. Without following they are sorted by time; while following each is
 * passed on as it comes. The first source that fails ends them all with its error. Sources that are
 * still being waited for when the reader leaves are told to end, and not waited for.
 */
export async function* mergeLogs(sources: readonly AsyncIterable<LogLine>[], follow: boolean): AsyncGenerator<LogLine> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const waiting = new Map<number, Promise<Arrived>>()
  // Sorting needs a line of every source at hand; what is followed may be silent for ever.
  const heads = new Map<number, LogLine>()
  const ask = (index: number): void => {
    const arriving = next(iterators, index)
    // Several may fail at once while only the first is looked at.
    arriving.catch(() => {})
    waiting.set(index, arriving)
  }
  const ended = new Set<number>()
  try {
    for (const index of iterators.keys()) ask(index)
    while (waiting.size > 0 || heads.size > 0) {
      const enough = follow ? 1 : Number.POSITIVE_INFINITY
      while (waiting.size > 0 && heads.size < enough) {
        const { index, result } = await Promise.race(waiting.values())
        waiting.delete(index)
        if (result.done === true) ended.add(index)
        else heads.set(index, result.value)
      }
      const [first] = [...heads].toSorted(([, a], [, b]) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
      if (first === undefined) continue
      const [index, line] = first
      heads.delete(index)
      yield line
      ask(index)
    }
  } finally {
    for (const [index, iterator] of iterators.entries()) {
      if (ended.has(index)) continue
      const returned = Promise.resolve(iterator.return?.())
      if (waiting.has(index)) returned.catch(() => {})
      else await returned
    }
  }
}

async function next(iterators: readonly AsyncIterator<LogLine>[], index: number): Promise<Arrived> {
  const iterator = iterators[index] as AsyncIterator<LogLine>
  return { index, result: await iterator.next() }
}
