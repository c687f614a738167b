import type { Observed, ObservedComponent } from '../driver.ts'
import { componentHash, componentPorts, type FileContents, pluginPorts } from '../resolve.ts'
import { isActive, runningComponents, secretsOf, type WantedState } from '../state.ts'
import { ownVolumes, sameVolume, type VolumeIdentity, volumeIdentity } from '../volume-identity.ts'
import type { DataChoice } from './data-choice.ts'
import { dataSteps } from './data-steps.ts'
import { afterHooks, beforeHooks, hookImages } from './hook-steps.ts'
import { imageSteps } from './image-steps.ts'
import { nameIn } from './lineage.ts'
import { waits, waves } from './order.ts'
import type { PlanKind, Step } from './plan.ts'

/** What steps are made from. */
export interface StepInput {
  readonly kind: PlanKind
  readonly installation: string
  readonly previous: WantedState | null
  readonly next: WantedState
  readonly observed: Observed
  readonly contents: FileContents
  readonly data: DataChoice
}

/** What of an installation a change touches. */
export interface Scope {
  /** Components that are brought to another state, in the order of their waves. */
  readonly affected: readonly string[]
  /** In which wave each component of the wanted state starts. */
  readonly wave: ReadonlyMap<string, number>
  readonly waitsFor: ReadonlyMap<string, readonly string[]>
}

/**
 * Whether a job need not run. What counts is the revision it ran for, not which container is still
 * there; and going back runs none, since the older revision's jobs ran when it was reached.
 */
function jobHasRun({ kind, previous, installation, contents, next }: StepInput, name: string, hash: string): boolean {
  const before = previous === null ? undefined : nameIn(previous, name, next)
  if (previous === null || before === undefined || !isActive(previous, before)) return kind === 'return' || kind === 'rollback'
  if (kind === 'return' || kind === 'rollback' || next.components[name]?.definition.rerun === 'once') return true
  return componentHash({ installation, state: previous, contents }, before) === hash
}

/** Whether a component that runs by a schedule is as it was: nothing of it stands that could be looked at. */
function isSameSchedule({ previous, installation, contents }: StepInput, name: string, hash: string): boolean {
  return previous !== null && isActive(previous, name) && componentHash({ installation, state: previous, contents }, name) === hash
}

/** Whether a component already is as wanted, so that nothing need be done. */
function isInPlace(input: StepInput, name: string, hash: string, seen: ObservedComponent | undefined): boolean {
  const component = input.next.components[name]
  if (component?.definition.workload === 'job') return jobHasRun(input, name, hash)
  if (component?.definition.workload === 'cron') return isSameSchedule(input, name, hash)
  const replicas = seen?.replicas ?? []
  return (
    replicas.length === component?.replicas.value &&
    replicas.every((replica) => replica.hash === hash && (replica.state === 'running' || replica.state === 'starting'))
  )
}

function holdsPortOf(name: string, { previous, next, installation, contents }: StepInput): boolean {
  if (previous?.components[name] === undefined) return false
  const portsOf = (state: WantedState, component: string): readonly (number | undefined)[] =>
    [...componentPorts({ installation, state, contents }, component), ...pluginPorts({ installation, state, contents }, component)].map(
      ({ hostPort }) => hostPort,
    )
  const wanted = new Set(runningComponents(next).flatMap((component) => portsOf(next, component)))
  return portsOf(previous, name).some((port) => port !== undefined && wanted.has(port))
}

/** Whether a component holds a volume that a wanted one mounts: one that goes on under another name. */
function holdsVolumeOf(name: string, { previous, next }: StepInput): boolean {
  const before = previous?.components[name]
  if (before === undefined) return false
  const wanted = runningComponents(next).flatMap((component) => mountedBy(component, next))
  return mountedBy(name, { components: { [name]: before } }).some((volume) => wanted.some((each) => sameVolume(each, volume)))
}

function mountedBy(name: string, { components }: Pick<WantedState, 'components'>): readonly VolumeIdentity[] {
  const component = components[name]
  return component === undefined ? [] : ownVolumes(component).map(([volume, state]) => volumeIdentity(name, volume, state))
}

/**
 * The work that brings a target from what was observed to the wanted state, as steps that name what
 * they wait for: pull, quiesce, snapshot, hooks, apply, hooks, checks. Components that are in place get
 * none. A pure function: the same input gives the same steps, so that a plan can be held against a
 * later observation.
 */
export function stepsFor(input: StepInput): readonly Step[] {
  const { installation, next, observed, contents, previous, data } = input
  const seen = new Map(observed.components.map((component) => [component.name, component]))
  const waitsFor = waits(next)
  const wave = waves(waitsFor)
  const running = runningComponents(next)
  const hashes = new Map(running.map((name) => [name, componentHash({ installation, state: next, contents }, name)]))
  const affected = running
    .filter((name) => !isInPlace(input, name, hashes.get(name) ?? '', seen.get(name)))
    .toSorted((a, b) => (wave.get(a) ?? 0) - (wave.get(b) ?? 0))
  const removed = [...seen.keys()].filter((name) => !running.includes(name))
  const scope: Scope = { affected, wave, waitsFor }
  const hooks = beforeHooks(input, scope)
  const copies = dataSteps(input, scope, hooks.length > 0)

  const steps: Step[] = []
  const known = previous === null ? new Map<string, unknown>() : secretsOf(previous)
  for (const [secret, { generate }] of secretsOf(next)) {
    if (generate !== undefined && !known.has(secret)) steps.push({ id: `generate ${secret}`, after: [], kind: 'generate', secret, spec: generate })
  }
  if (affected.length + removed.length + copies.length + data.discard.length === 0) return steps
  const work = [...copies, ...hooks]
  const checks = checksOf(input)
  const pulls = imageSteps(input, scope, [...hookImages(input, work), ...checks.flatMap((check) => next.checks[check]?.image ?? [])])
  steps.push(...pulls.steps)
  // Nothing that runs is touched before all images are there; a new installation need not wait for what it starts last.
  steps.push({ id: 'installation', after: previous === null ? [] : idsOf(steps), kind: 'installation' })
  steps.push(...work)
  const ready = work.length === 0 ? ['installation'] : idsOf(work)
  // What gives up a host port or a volume that another one takes goes first; all else goes last, when nobody uses it any more.
  const waitedBefore = previous === null ? new Map<string, readonly string[]>() : waits(previous)
  /** The removals of those that use a component: they go before it, so that each can end its work. */
  const usersOf = (name: string, group: readonly string[]): readonly string[] =>
    group.filter((other) => waitedBefore.get(other)?.includes(name)).map((other) => `remove ${other}`)
  const first = removed.filter((name) => holdsPortOf(name, input) || holdsVolumeOf(name, input))
  for (const component of first) steps.push({ id: `remove ${component}`, after: [...ready, ...usersOf(component, first)], kind: 'remove', component })
  const before = first.length === 0 ? ready : first.map((component) => `remove ${component}`)

  // A job that is in place has ended: there is nothing to wait for.
  const isWaitedFor = (name: string): boolean => !affected.includes(name) && next.components[name]?.definition.workload !== 'job'
  const waited = new Set(affected.flatMap((name) => waitsFor.get(name) ?? []).filter(isWaitedFor))
  for (const component of waited) steps.push({ id: `wait ${component}`, after: before, kind: 'wait', component })
  const stepOf = (name: string): string => (affected.includes(name) ? `component ${name}` : `wait ${name}`)
  for (const component of affected) {
    const replica = seen.get(component)?.replicas[0]
    steps.push({
      id: `component ${component}`,
      after: [...before, ...pulls.of(component), ...(waitsFor.get(component) ?? []).filter((name) => affected.includes(name) || waited.has(name)).map(stepOf)],
      kind: 'component',
      component,
      hash: hashes.get(component) ?? '',
      fresh: next.components[component]?.definition.workload === 'job' && replica?.state === 'exited' && replica.hash === hashes.get(component),
      wave: wave.get(component) ?? 0,
    })
  }
  const applied = [...before, ...affected.map((component) => `component ${component}`)]
  const last = removed.filter((name) => !first.includes(name))
  for (const component of last) steps.push({ id: `remove ${component}`, after: [...applied, ...usersOf(component, last)], kind: 'remove', component })
  const finishing = afterHooks(input, scope, applied)
  steps.push(...finishing)
  const whole = [...applied, ...last.map((name) => `remove ${name}`), ...idsOf(finishing)]
  for (const check of checks) steps.push({ id: `check ${check}`, after: whole, kind: 'check', check })
  // Only once nothing can fail any more: a way back might have wanted it.
  for (const volume of data.discard)
    steps.push({ id: `discard ${volume}`, after: [...whole, ...checks.map((check) => `check ${check}`)], kind: 'discard', volume })
  return steps
}

function idsOf(steps: readonly Step[]): readonly string[] {
  return steps.map(({ id }) => id)
}

/** The checks that run after an installation or an upgrade. */
function checksOf({ kind, next }: StepInput): readonly string[] {
  return kind === 'install' || kind === 'upgrade' ? Object.keys(next.checks).filter((check) => checkApplies(next, check)) : []
}

/** A check of something that is switched off has nothing to look at. */
function checkApplies(state: WantedState, name: string): boolean {
  return (state.checks[name]?.dependsOn ?? []).every(({ component, optional }) => optional || isActive(state, component))
}
