import type { Volume } from '../../schema/volume.ts'
import { labelOf, unusedName } from '../component-name.ts'
import type { ImportReport } from '../import-note.ts'
import type { Draft, DraftMount } from './draft.ts'

/** The volumes of all components: one that several mount belongs to one of them, and the others have it from there. */
export function draftVolumes({ components }: Draft, report: ImportReport): ReadonlyMap<string, readonly Volume[]> {
  const owners = ownersOf(components)
  const names = new Map<string, string>()
  const used = new Map<string, Set<string>>(components.map(({ name }) => [name, new Set<string>()]))
  const nameIn = (component: string, title: string): string => {
    const taken = used.get(component) ?? new Set<string>()
    const name = unusedName(labelOf(title, 'data'), taken)
    taken.add(name)
    return name
  }
  for (const [volume, { owner, title }] of owners) names.set(volume, nameIn(owner, title))
  const shared = new Set([...owners].filter(([, { users }]) => users.size > 1).map(([volume]) => volume))
  const volumes = new Map<string, Volume[]>()
  for (const { name, subject, mounts } of components) {
    const seen = new Set<string>()
    const list: Volume[] = []
    for (const mount of mounts) {
      if (mount.kind === 'memory') {
        list.push({
          name: nameIn(name, mount.path.split('/').at(-1) ?? 'memory'),
          path: mount.path,
          kind: 'memory',
          ...(mount.size === undefined ? {} : { size: mount.size }),
        })
        continue
      }
      const { owner = name } = owners.get(mount.volume) ?? {}
      if (seen.has(mount.volume)) {
        report.note({
          kind: 'left-out',
          component: name,
          subject: `${subject}.volumes`,
          message: `${mount.title} is mounted a second time at ${mount.path}: a component mounts a volume once.`,
        })
        continue
      }
      seen.add(mount.volume)
      const volume = names.get(mount.volume) ?? 'data'
      const readOnly = mount.readOnly ? { readOnly: true } : {}
      if (owner === name) list.push({ name: volume, path: mount.path, ...(shared.has(mount.volume) ? { access: 'shared' as const } : {}), ...readOnly })
      else list.push({ name: nameIn(name, mount.title), path: mount.path, ...readOnly, from: { component: owner, volume } })
    }
    volumes.set(name, list)
  }
  return volumes
}

interface Owner {
  readonly owner: string
  readonly title: string
  readonly users: ReadonlySet<string>
}

/** A volume belongs to the first component that writes into it and is no job. */
function ownersOf(components: Draft['components']): ReadonlyMap<string, Owner> {
  const uses = new Map<string, { readonly mount: DraftMount & { readonly kind: 'volume' }; readonly component: Draft['components'][number] }[]>()
  for (const component of components) {
    for (const mount of component.mounts) if (mount.kind === 'volume') uses.set(mount.volume, [...(uses.get(mount.volume) ?? []), { mount, component }])
  }
  const owners = new Map<string, Owner>()
  for (const [volume, list] of uses) {
    const score = ({ mount, component }: (typeof list)[number]): number => (mount.readOnly ? 0 : 2) + (component.workload === 'job' ? 0 : 1)
    const [first] = list.toSorted((a, b) => score(b) - score(a))
    if (first !== undefined)
      owners.set(volume, { owner: first.component.name, title: first.mount.title, users: new Set(list.map(({ component }) => component.name)) })
  }
  return owners
}
