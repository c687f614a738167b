/** How many requests of one kind an engine gets at a time: more only wait for each other. */
const AT_ONCE = 16

/** Does something for every item, several at a time; the results come in the order of the items. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>()
  const open = items.entries()
  const run = async (): Promise<void> => {
    for (const [position, item] of open) results.set(position, await work(item))
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, run))
  return items.map((_, position) => results.get(position) as R)
}
