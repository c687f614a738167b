/**
 * Merges sources that are each in order into one that is in order, and ends all of them when the
 * reader stops.
 * @param before whether the first goes before the second
 */
export async function* mergeOrdered<T>(sources: readonly AsyncIterable<T>[], before: (a: T, b: T) => boolean): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()))
    for (;;) {
      let first = -1
      let value: T | undefined
      for (const [position, head] of heads.entries()) {
        if (head.done === true || (value !== undefined && !before(head.value, value))) continue
        first = position
        value = head.value
      }
      const iterator = iterators[first]
      if (value === undefined || iterator === undefined) return
      yield value
      heads[first] = await iterator.next()
    }
  } finally {
    await Promise.all(iterators.map(async (iterator) => iterator.return?.()))
  }
}

/**
 * Merges sources as their values come.
 * @param stop called when the reader stops or a source fails; it must end every source, since one that waits can't be ended from outside
 */
export async function* mergeArriving<T>(sources: readonly AsyncIterable<T>[], stop: () => void): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const advance = async (position: number): Promise<{ position: number; result: IteratorResult<T> } | undefined> => {
    const result = await iterators[position]?.next()
    return result && { position, result }
  }
  const next = (position: number): ReturnType<typeof advance> => {
    const advanced = advance(position)
    // It may fail while the reader is busy with a value; the race reports it when the reader is back.
    advanced.catch(() => {})
    return advanced
  }
  const waiting = new Map(iterators.map((_, position) => [position, next(position)]))
  try {
    while (waiting.size > 0) {
      const arrived = await Promise.race(waiting.values())
      if (arrived === undefined) return
      const { position, result } = arrived
      if (result.done === true) {
        waiting.delete(position)
        continue
      }
      waiting.set(position, next(position))
      yield result.value
    }
  } finally {
    stop()
    await Promise.allSettled(waiting.values())
  }
}
