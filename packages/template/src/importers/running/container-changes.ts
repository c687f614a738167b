import type { ContainerFacts, ContainerFiles } from './container-facts.ts'

/** What programs write as they run, and nobody misses. */
const PASSING =
  /^\/(tmp|run|var\/run|var\/tmp|var\/log|var\/cache|proc|sys|dev|root\/\.cache)(\/|$)|\.pid$|__pycache__|\.pyc$|^\/(etc\/(hosts|hostname|resolv\.conf|mtab)|\.dockerenv)$|\.bash_history$/

/** Files that were changed in a container's own layer and would not travel, folders left out. */
export async function ownChanges({ Id, Mounts }: ContainerFacts, files: ContainerFiles): Promise<readonly string[]> {
  const mounted = (Mounts ?? []).map(({ Destination }) => Destination)
  const changes = (await files.changes(Id)).map(({ path }) => path)
  const sorted = changes.toSorted()
  return sorted.filter((path, index) => {
    // A folder counts as changed because of what is in it.
    const isFolder = sorted[index + 1]?.startsWith(`${path}/`) === true
    const isMount = mounted.some((mount) => path === mount || mount.startsWith(`${path}/`) || path.startsWith(`${mount}/`))
    return !isFolder && !isMount && !PASSING.test(path)
  })
}
