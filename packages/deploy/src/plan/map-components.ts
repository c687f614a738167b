import { digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import { renameInText, renameInValue } from '../component-names.ts'
import {
  type ComponentDefinition,
  type ComponentState,
  type FileState,
  type VolumeDefinition,
  type VolumeState,
  volumeDefinition,
  type WantedState,
} from '../state.ts'
import type { Value } from '../value.ts'
import type { VendorState } from '../vendor-state.ts'
import { sameVolume, type VolumeName, volumesOf } from '../volume-identity.ts'
import { keptVolume } from './kept-volumes.ts'

/** An installation whose components are called as the release calls them, before it is merged with that. */
export interface Mapped {
  readonly state: WantedState
  /** By the new name, the old one. */
  readonly renamed: ReadonlyMap<string, string>
  /** New volumes that hold what was another one's, as `component/volume`, with the name before. */
  readonly movedVolumes: ReadonlyMap<string, string>
}

/** Workloads that can take each other's place. */
const KINDS: Readonly<Record<ComponentDefinition['workload'], string>> = {
  stateless: 'runs all the time',
  stateful: 'runs all the time',
  daemon: 'runs all the time',
  job: 'runs once',
  cron: 'runs by a schedule',
  external: 'is not run here',
}

function refused(mapping: string, message: string, hint: string): SealiftError {
  return new SealiftError('MAP_REFUSED', `--map ${mapping}: ${message}`, { hint })
}

function unknown(mapping: string, what: string, name: string, names: Iterable<string>): SealiftError {
  return new SealiftError('NAME_UNKNOWN', `--map ${mapping}: ${what} ${JSON.stringify(name)}`, { hint: suggestion(name, names) })
}

/**
 * Gives components and volumes the names that a release has for them: `old=new` for a component with
 * all that it has, `component/old=component/new` for one volume. Whatever names a component that is
 * mapped (expressions, files that are templates, waits, shared volumes) names it by its new name.
 *
 * @param contents of the files; rewritten ones are added
 * @throws SealiftError `NAME_UNKNOWN`, `MAP_REFUSED`, `CHOICES_INVALID`
 */
export function mapComponents(current: WantedState, vendor: VendorState, mappings: readonly string[], contents: Map<string, Buffer>): Mapped {
  const names = new Map<string, string>()
  const volumes: { readonly mapping: string; readonly from: VolumeName; readonly to: VolumeName }[] = []
  for (const mapping of mappings) {
    const [from, to, ...more] = mapping.split('=').map((side) => side.split('/'))
    const [oldName, oldVolume, ...deeper] = from ?? []
    const [newName, newVolume, ...deepest] = to ?? []
    const isWhole = oldName && newName && more.length === 0 && deeper.length === 0 && deepest.length === 0 && !oldVolume === !newVolume
    if (!isWhole) {
      throw new SealiftError('CHOICES_INVALID', `--map ${mapping}: expected OLD=NEW, or COMPONENT/OLD=COMPONENT/NEW for one volume`)
    }
    if (oldVolume && newVolume) volumes.push({ mapping, from: { component: oldName, volume: oldVolume }, to: { component: newName, volume: newVolume } })
    else {
      requireMappable(current, vendor, mapping, oldName, newName)
      if (names.has(oldName) || [...names.values()].includes(newName)) throw refused(mapping, 'it is mapped twice', 'Map each name once.')
      names.set(oldName, newName)
    }
  }
  if (mappings.length === 0) return { state: current, renamed: new Map(), movedVolumes: new Map() }
  const renamed = renameComponents(current, names, contents)
  const { state, movedVolumes } = moveVolumes(renamed, vendor, names, volumes)
  return { state, renamed: new Map([...names].map(([before, after]) => [after, before])), movedVolumes }
}

function requireMappable(current: WantedState, vendor: VendorState, mapping: string, before: string, after: string): void {
  const [old, there, wanted] = [current.components[before], current.components[after], vendor.components[after]]
  if (old === undefined) throw unknown(mapping, 'the installation has no component', before, Object.keys(current.components))
  const missing = Object.keys(vendor.components).filter((name) => current.components[name] === undefined)
  if (wanted === undefined) throw unknown(mapping, `release ${vendor.release.version} has no component`, after, missing)
  if (vendor.components[before] !== undefined) {
    throw refused(mapping, `release ${vendor.release.version} still has a component ${before}`, 'Only what the release no longer has gets another name.')
  }
  if (there !== undefined) {
    throw refused(mapping, `the installation has both ${before} and ${after} already`, `Go back to a revision without ${after} first, then upgrade with --map.`)
  }
  const [is, becomes] = [old.definition.workload, wanted.definition.workload]
  if (KINDS[is] !== KINDS[becomes]) {
    throw refused(mapping, `${before} is ${is} and ${KINDS[is]}, ${after} is ${becomes} and ${KINDS[becomes]}`, 'Leave the mapping out: they are two things.')
  }
}

function renameComponents(current: WantedState, names: ReadonlyMap<string, string>, contents: Map<string, Buffer>): WantedState {
  if (names.size === 0) return current
  const nameOf = (name: string): string => names.get(name) ?? name
  const components: Record<string, ComponentState> = {}
  for (const [name, component] of Object.entries(current.components)) {
    const own = renameWithin(component, names, contents)
    const heldAs = (volume: string, state: VolumeState): VolumeState =>
      names.has(name) ? { ...state, heldAs: state.heldAs ?? { component: name, volume } } : state
    components[nameOf(name)] = {
      ...own,
      volumes: Object.fromEntries(Object.entries(own.volumes).map(([volume, state]) => [volume, heldAs(volume, state)])),
      ...(names.has(name) ? { formerly: [...(component.formerly ?? []), name] } : {}),
    }
  }
  const hostPorts = Object.entries(current.allocations.hostPorts).map(([key, port]): [string, number] => {
    const [component = '', name = ''] = key.split('/')
    return [`${nameOf(component)}/${name}`, port]
  })
  return { ...current, components, allocations: { ...current.allocations, hostPorts: Object.fromEntries(hostPorts) } }
}

function renameWithin(component: ComponentState, names: ReadonlyMap<string, string>, contents: Map<string, Buffer>): ComponentState {
  const { definition, env, connection, files, volumes } = component
  const values = (all: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
    Object.fromEntries(Object.entries(all).map(([name, value]) => [name, renameInValue(value, names)]))
  // Every text of a definition may hold expressions, and so the whole of it is renamed as text.
  const renamedDefinition = JSON.parse(renameInText(JSON.stringify(definition), names)) as ComponentDefinition
  return {
    ...component,
    definition: {
      ...renamedDefinition,
      dependsOn: definition.dependsOn.map((dependency) => ({ ...dependency, component: names.get(dependency.component) ?? dependency.component })),
    },
    env: values(env),
    connection: values(connection),
    files: Object.fromEntries(Object.entries(files).map(([path, file]) => [path, renameInFile(file, names, contents)])),
    volumes: Object.fromEntries(Object.entries(volumes).map(([name, volume]) => [name, { ...volume, definition: renameSource(volume, names) }])),
  }
}

function renameInFile(file: FileState, names: ReadonlyMap<string, string>, contents: Map<string, Buffer>): FileState {
  if (!file.template) return file
  const rename = (digest: string | null): string | null => {
    const content = digest === null ? undefined : contents.get(digest)
    if (content === undefined) return digest
    const text = content.toString('utf8')
    const renamed = renameInText(text, names)
    if (renamed === text) return digest
    const bytes = Buffer.from(renamed, 'utf8')
    contents.set(digestOf(bytes), bytes)
    return digestOf(bytes)
  }
  const { content } = file
  return { ...file, content: { ...content, expression: rename(content.expression) ?? '', decided: rename(content.decided), vendor: rename(content.vendor) } }
}

function renameSource({ definition }: VolumeState, names: ReadonlyMap<string, string>): Value {
  const rename = (text: string | null): string | null => {
    if (text === null) return null
    const { from, ...rest } = JSON.parse(text) as VolumeDefinition
    const renamed = from === undefined ? undefined : names.get(from.component)
    return renamed === undefined || from === undefined ? text : canonicalJson({ ...rest, from: { ...from, component: renamed } })
  }
  return { ...definition, expression: rename(definition.expression) ?? '', decided: rename(definition.decided), vendor: rename(definition.vendor) }
}

function isStorage({ kind, from }: VolumeDefinition): boolean {
  return kind === 'persistent' && from === undefined
}

/** Unmounts volumes and keeps them under their new names: merging then finds them as it finds all kept data. */
function moveVolumes(
  mapped: WantedState,
  vendor: VendorState,
  names: ReadonlyMap<string, string>,
  moves: readonly { readonly mapping: string; readonly from: VolumeName; readonly to: VolumeName }[],
): { state: WantedState; movedVolumes: ReadonlyMap<string, string> } {
  let state = mapped
  const movedVolumes = new Map<string, string>()
  for (const { mapping, from: named, to } of moves) {
    const from = { ...named, component: names.get(named.component) ?? named.component }
    const held = requireMovable(state, vendor, mapping, from, to)
    const keptVolumes = (state.keptVolumes ?? []).filter(({ component, volume }) => component !== from.component || volume !== from.volume)
    state = {
      ...state,
      components: Object.fromEntries(Object.entries(state.components).map(([name, component]) => [name, withMoved(name, component, from, to)])),
      keptVolumes: [...keptVolumes, { ...to, generation: held.generation, heldAs: held.heldAs ?? named }],
    }
    movedVolumes.set(`${to.component}/${to.volume}`, `${named.component}/${named.volume}`)
  }
  return { state, movedVolumes }
}

function withMoved(name: string, component: ComponentState, from: VolumeName, to: VolumeName): ComponentState {
  const rename = (text: string | null): string | null => {
    if (text === null) return null
    const { from: source, ...rest } = JSON.parse(text) as VolumeDefinition
    return source === undefined || !sameVolume(source, from) ? text : canonicalJson({ ...rest, from: to })
  }
  const volumes = Object.entries(component.volumes).flatMap(([volume, state]): [string, VolumeState][] => {
    if (name === from.component && volume === from.volume) return []
    const { definition } = state
    return [
      [
        volume,
        {
          ...state,
          definition: {
            ...definition,
            expression: rename(definition.expression) ?? '',
            decided: rename(definition.decided),
            vendor: rename(definition.vendor),
          },
        },
      ],
    ]
  })
  return { ...component, volumes: Object.fromEntries(volumes) }
}

function requireMovable(
  state: WantedState,
  vendor: VendorState,
  mapping: string,
  from: VolumeName,
  to: VolumeName,
): Pick<VolumeState, 'generation' | 'heldAs'> {
  const mounted = state.components[from.component]?.volumes[from.volume]
  const held = mounted ?? keptVolume(state, from)
  if (held === undefined) {
    const there = volumesOf(state).map(({ component, volume }) => `${component}/${volume}`)
    throw unknown(mapping, 'the installation has no volume', `${from.component}/${from.volume}`, there)
  }
  const { version } = vendor.release
  const wanted = vendor.components[to.component]
  if (wanted === undefined) throw unknown(mapping, `release ${version} has no component`, to.component, Object.keys(vendor.components))
  const definition = wanted.volumes[to.volume]
  if (definition === undefined) throw unknown(mapping, `component ${to.component} of release ${version} has no volume`, to.volume, Object.keys(wanted.volumes))
  if (vendor.components[from.component]?.volumes[from.volume] !== undefined) {
    throw refused(mapping, `release ${version} still has a volume ${from.component}/${from.volume}`, 'Only what the release no longer has gets another name.')
  }
  if (volumesOf(state).some((each) => sameVolume(each, to))) {
    throw refused(
      mapping,
      'the installation has both volumes already',
      `Go back to a revision without ${to.component}/${to.volume} first, then upgrade with --map.`,
    )
  }
  if (!isStorage(definition) || (mounted !== undefined && !isStorage(volumeDefinition(mounted)))) {
    throw refused(mapping, 'only a persistent volume of a component itself holds data', 'Leave the mapping out.')
  }
  return held
}
