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
