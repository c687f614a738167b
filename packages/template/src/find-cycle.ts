/** One round through a directed graph that comes back to its beginning, as its nodes in order without the first again; undefined where there is none. */
export function findCycle(edges: ReadonlyMap<string, Iterable<string>>): readonly string[] | undefined {
  const done = new Set<string>()
  for (const start of edges.keys()) {
    if (done.has(start)) continue
    const path: string[] = [start]
    const onPath = new Set(path)
    const open = [[...(edges.get(start) ?? [])]]
    while (open.length > 0) {
      const next = open.at(-1)?.shift()
      if (next === undefined) {
        open.pop()
        const left = path.pop()
        if (left !== undefined) {
          onPath.delete(left)
          done.add(left)
        }
      } else if (onPath.has(next)) return path.slice(path.indexOf(next))
      else if (!done.has(next)) {
        path.push(next)
        onPath.add(next)
        open.push([...(edges.get(next) ?? [])])
      }
    }
  }
  return undefined
}
