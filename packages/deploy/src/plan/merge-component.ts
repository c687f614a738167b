import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { generatedSecretId } from '../secret-vault.ts'
import type { Amount, ComponentState, FileState, PortState, ScalingBounds, VolumeDefinition, VolumeState, WantedState } from '../state.ts'
import { MASK, shownDefault, type Value, type VendorValue } from '../value.ts'
import { type Decision, isOwnOfSite, type MergedValue, mergeValue, setBySite, valueFromVendor } from '../value-merge.ts'
import type { VendorComponent } from '../vendor-state.ts'
import { freeVolumeName, sameVolume } from '../volume-identity.ts'
import { amountBounds, describeBounds, withinBounds } from './bounds.ts'
import { type Decided, type Decisions, decisionOnValue, refuseNewDeclined } from './decisions.ts'
import { type FileChoice, fileChoice } from './file-choice.ts'
import type { GroupChoices } from './group-choices.ts'
import { keptVolume } from './kept-volumes.ts'
import type { Note, Notes } from './note.ts'
import { shownVolume } from './shown.ts'

/** What merging a component is done with. */
export interface ComponentMergeOptions {
  readonly installation: string
  readonly decisions: Decisions
  readonly prune: boolean
  readonly notes: Notes
  /** The installation before, or what an uninstallation kept of it: data and secrets are found there. */
  readonly before: WantedState | null
  /** The component there, where the installation is made anew. */
  readonly kept: ComponentState | undefined
  readonly groups: GroupChoices
  readonly contents: Map<string, Buffer>
}

/** Why something that a release dropped is still there. */
export const LEFT_OVER = 'The release no longer has it; it stays until it is pruned.'

/** Every name in two tables, those of the release first. */
export function namesOf<T>(before: Readonly<Record<string, T>> | undefined, vendor: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  return [...new Set([...Object.keys(vendor ?? {}), ...Object.keys(before ?? {})])]
}

/** What a merge has to say about a value. */
export function noteOf(component: string | null, kind: Note['kind'], name: string, { effect, why, value }: MergedValue, shown = shownDefault): Note {
  const of = value.group === undefined ? '' : ` It is of group ${value.group}.`
  return {
    component,
    kind,
    name,
    effect,
    why: `${why}${of}`,
    ...(effect === 'offered' && value.vendor !== null ? { offered: shown(value, value.vendor) } : {}),
  }
}

type Kind = 'env' | 'connection' | 'file' | 'volume'

/** Brings one component under a release. */
export class ComponentMerge {
  readonly #name: string
  readonly #before: ComponentState | undefined
  readonly #vendor: VendorComponent | undefined
  readonly #options: ComponentMergeOptions
  /** Ports that the release calls otherwise, with their new names. */
  readonly renamedPorts = new Map<string, string>()

  constructor(name: string, before: ComponentState | undefined, vendor: VendorComponent | undefined, options: ComponentMergeOptions) {
    this.#name = name
    this.#before = before
    this.#vendor = vendor
    this.#options = options
  }

  /** Undefined where it is pruned. */
  merge(): ComponentState | undefined {
    const before = this.#before
    const vendor = this.#vendor
    const name = this.#name
    const note = (effect: 'leftOver' | 'changed', why: string): void => this.#options.notes.add({ component: name, kind: 'component', name, effect, why })
    if (vendor === undefined) {
      if (before === undefined || this.#options.prune) return undefined
      note('leftOver', 'The release no longer has it; it is kept as it is until it is pruned.')
      return { ...before, leftOver: true }
    }
    if (before?.leftOver) note('changed', 'It was left over; the release has it again and adopts it.')
    return {
      definition: vendor.definition,
      ...(vendor.image === undefined ? {} : { image: vendor.image }),
      env: this.#values('env', before?.env, vendor.env),
      connection: this.#values('connection', before?.connection, vendor.connection),
      files: this.#files(vendor),
      volumes: this.#volumes(vendor),
      ports: this.#ports(vendor),
      cpu: this.#amount('cpu', before?.cpu, vendor.cpu, vendor.definition.scaling),
      memory: this.#amount('memory', before?.memory, vendor.memory, vendor.definition.scaling),
      replicas: this.#replicas(vendor),
      ...(before?.formerly === undefined ? {} : { formerly: before.formerly }),
    }
  }

  #decided(kind: Kind, name: string, before: Value | undefined): Decided | undefined {
    const item = { component: this.#name, kind, name }
    const decided = this.#options.decisions.for(item)
    if (before === undefined) refuseNewDeclined(item, decided)
    return decided
  }

  /** Undefined where it is pruned. */
  #value(kind: Kind, name: string, before: Value | undefined, theirs: VendorValue | undefined, decision?: Decision): Value | undefined {
    const { prune, installation, notes, kept, groups } = this.#options
    if (theirs === undefined && prune && before !== undefined && !isOwnOfSite(before)) return undefined
    const item = { component: this.#name, kind, name } as const
    const decide =
      decision ??
      (theirs === undefined || kind === 'file' ? undefined : decisionOnValue(item, this.#decided(kind, name, before), theirs.onUpgrade === 'locked'))
    const old = kind === 'env' || kind === 'connection' ? kept?.[kind][name] : undefined
    const secretId =
      (old?.origin === 'generated' ? old.secretId : old?.generated?.secretId) ?? generatedSecretId(installation, this.#name, name, theirs?.generate)
    const shared = before === undefined && theirs !== undefined && theirs.onUpgrade !== 'locked' ? groups.find(theirs.group, kind, name) : undefined
    if (shared !== undefined && theirs !== undefined) {
      const value = setBySite(valueFromVendor(theirs, secretId), shared, true)
      notes.add({ ...item, effect: 'added', why: `The release brings it, and the site set it for group ${theirs.group ?? ''}.` })
      return value
    }
    const merged = mergeValue(before, theirs, decide, secretId)
    const shown = { volume: shownVolumeDefault, file: shownFileDefault, env: shownDefault, connection: shownDefault }[kind]
    if (merged.noteworthy) notes.add(noteOf(this.#name, kind, name, merged, shown))
    return merged.value
  }

  #values(kind: 'env' | 'connection', before: Readonly<Record<string, Value>> | undefined, theirs: Readonly<Record<string, VendorValue>>) {
    const values: Record<string, Value> = {}
    for (const name of namesOf(before, theirs)) {
      const value = this.#value(kind, name, before?.[name], theirs[name])
      if (value !== undefined) values[name] = value
    }
    return values
  }

  #files(vendor: VendorComponent): Readonly<Record<string, FileState>> {
    const files: Record<string, FileState> = {}
    for (const path of namesOf(this.#before?.files, vendor.files)) {
      const before = this.#before?.files[path]
      const theirs = vendor.files[path]
      const choice = this.#fileChoice(path, before?.content, theirs?.content)
      const content = choice?.value ?? this.#value('file', path, before?.content, theirs?.content, choice?.decision)
      const form = theirs ?? before
      if (content === undefined || form === undefined) continue
      if (choice !== undefined) this.#noteChoice(path, choice)
      const { mode, uid, gid } = form
      // Whether expressions are substituted belongs to the content: it was written for one or the other.
      const isOfRelease =
        theirs !== undefined &&
        (before === undefined || choice?.value !== undefined || (content.origin === 'vendor' && content.expression === theirs.content.expression))
      const template = isOfRelease ? theirs.template : (before?.template ?? form.template)
      files[path] = { content, mode, template, ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
    }
    return files
  }

  #fileChoice(path: string, before: Value | undefined, theirs: VendorValue | undefined): FileChoice | undefined {
    const decided = theirs === undefined ? undefined : this.#decided('file', path, before)
    if (theirs === undefined || before === undefined) return undefined
    const item = { component: this.#name, kind: 'file', name: path } as const
    return fileChoice(item, before, theirs, decided, this.#options.contents)
  }

  #noteChoice(path: string, { value, why }: FileChoice): void {
    const item = { component: this.#name, kind: 'file', name: path } as const
    const { notes } = this.#options
    const note = notes.get(item)
    if (value !== undefined) notes.add({ ...item, effect: 'changed', why })
    else if (note?.effect === 'offered' && why !== '') notes.add({ ...note, why: `${note.why} ${why}` })
  }

  #volumes(vendor: VendorComponent): Readonly<Record<string, VolumeState>> {
    const { before: state, notes } = this.#options
    const volumes: Record<string, VolumeState> = {}
    for (const name of namesOf(this.#before?.volumes, vendor.volumes)) {
      const before = this.#before?.volumes[name]
      const theirs = vendor.volumes[name]
      const definition = this.#value('volume', name, before?.definition, theirs === undefined ? undefined : wantedVolume(theirs, before))
      if (definition === undefined) continue
      const own = { component: this.#name, volume: name }
      const found = before ?? this.#options.kept?.volumes[name] ?? keptVolume(state, own)
      if (found !== undefined) {
        if (before === undefined && theirs?.kind === 'persistent')
          notes.add({ component: this.#name, kind: 'volume', name, effect: 'added', why: 'The data that was kept under this name is used again.' })
        volumes[name] = { definition, generation: found.generation, ...(found.heldAs === undefined ? {} : { heldAs: found.heldAs }) }
        continue
      }
      const free = state === null ? own : freeVolumeName(state, own)
      volumes[name] = { definition, generation: 1, ...(sameVolume(free, own) ? {} : { heldAs: free }) }
    }
    return volumes
  }

  #ports(vendor: VendorComponent): Readonly<Record<string, PortState>> {
    const { prune, notes } = this.#options
    const ports: Record<string, PortState> = { ...vendor.ports }
    for (const [name, before] of Object.entries(this.#before?.ports ?? {})) {
      if (ports[name] !== undefined) continue
      const successor = Object.keys(vendor.ports).find((other) => {
        const port = vendor.ports[other]
        return this.#before?.ports[other] === undefined && port?.port === before.port && port.protocol === before.protocol
      })
      if (successor !== undefined) {
        this.renamedPorts.set(name, successor)
        notes.add({ component: this.#name, kind: 'port', name, effect: 'removed', why: `The release calls it ${successor}.` })
      } else if (!prune) {
        ports[name] = { ...before, leftOver: true }
        notes.add({ component: this.#name, kind: 'port', name, effect: 'leftOver', why: LEFT_OVER })
      }
    }
    return ports
  }

  #amount(kind: 'cpu' | 'memory', before: Amount<string | null> | undefined, theirs: string | null, scaling: ScalingBounds): Amount<string | null> {
    if (before?.origin !== 'site' || before.value === null) return { value: theirs, origin: 'vendor', vendor: theirs }
    const { least, most, parse } = amountBounds(kind, scaling)
    const where = `component ${this.#name}: ${kind}`
    const amount = parse(before.value, where)
    const note = (effect: 'kept' | 'changed', why: string): void => this.#options.notes.add({ component: this.#name, kind, name: kind, effect, why })
    if (least !== undefined && amount < parse(least, where)) {
      note('changed', `Set by the site, and raised to the least that the release allows (${least}).`)
      return { value: least, origin: 'site', vendor: theirs }
    }
    if (most !== undefined && amount > parse(most, where)) {
      note('changed', `Set by the site, and lowered to the most that the release allows (${most}).`)
      return { value: most, origin: 'site', vendor: theirs }
    }
    note('kept', 'Set by the site and within the bounds of the release.')
    return { ...before, vendor: theirs }
  }

  #replicas({ replicas, definition: { scaling } }: VendorComponent): Amount<number> {
    const before = this.#before?.replicas
    if (before?.origin !== 'site') return { value: replicas, origin: 'vendor', vendor: replicas }
    const value = withinBounds(before.value, scaling)
    const isKept = value === before.value
    this.#options.notes.add({
      component: this.#name,
      kind: 'replicas',
      name: 'replicas',
      effect: isKept ? 'kept' : 'changed',
      why: isKept
        ? 'Set by the site and within the bounds of the release.'
        : `Set by the site, and brought within the bounds of the release (${describeBounds(scaling)}).`,
    })
    return { value, origin: 'site', vendor: replicas }
  }
}

function shownVolumeDefault(_: unknown, text: string): string {
  return shownVolume(text)
}

function shownFileDefault({ secret }: Pick<Value, 'secret'>, text: string): string {
  return secret ? MASK : text.slice('sha256:'.length, 'sha256:'.length + 12)
}

/** Storage changes only by decision; what is in memory holds nothing and is taken from the release. */
function wantedVolume(theirs: VolumeDefinition, before: VolumeState | undefined): VendorValue {
  const isMemory = theirs.kind === 'memory' && (before === undefined || (JSON.parse(before.definition.expression) as VolumeDefinition).kind === 'memory')
  return { expression: canonicalJson(theirs), onUpgrade: isMemory ? 'follow' : 'keep', secret: false }
}
