import { digestOf } from '@sealift/oci/digest.ts'
import { formatPlatform, type Platform } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { parseVersion, parseVersionRange, versionInRange } from '@sealift/template/version.ts'
import type { Choices } from '../choices.ts'
import type { Capabilities, Finding, Observed } from '../driver.ts'
import { parseInstallationName } from '../installation-name.ts'
import type { Revision } from '../revision.ts'
import type { VolumeSnapshot } from '../snapshot.ts'
import { runningComponents, type WantedState } from '../state.ts'
import type { VendorState } from '../vendor-state.ts'
import { applyChoices } from './apply-choices.ts'
import { componentFindings } from './component-findings.ts'
import { DATA_AS_IT_IS, type DataChoice, olderGenerations, type SnapshotPolicy, USUAL_DATA, withRestores } from './data-choice.ts'
import { dataItems } from './data-items.ts'
import { Decisions } from './decisions.ts'
import { diffStates } from './diff-states.ts'
import { featuresNotActedOn, findingsFor } from './findings.ts'
import { allocateHostPorts } from './host-ports.ts'
import type { Why } from './item-list.ts'
import { underNamesOf } from './lineage.ts'
import { type Mapped, mapComponents } from './map-components.ts'
import { mergeStates } from './merge-states.ts'
import { settleModules } from './modules.ts'
import { Notes } from './note.ts'
import { requireParameters } from './parameters.ts'
import type { ItemKind, Plan, PlanItem, PlanKind } from './plan.ts'
import { rolledBack } from './rolled-back.ts'
import { adoptSecrets, type Rotation, rotateSecrets } from './rotate-secrets.ts'
import { isForwardOnly } from './stakes.ts'
import { stepsFor } from './steps.ts'
import { whatIfItFails } from './way-back.ts'

/** What every plan looks at. */
export interface PlanContext {
  readonly installation: string
  readonly observed: Observed
  readonly capabilities: Capabilities
  /**
   * The files of the current and the wanted state with their defaults, see {@link ../state.ts | fileDigests}.
   * Planning adds the content that it makes (merged files): it must be stored before the plan runs.
   */
  readonly contents: Map<string, Buffer>
  /** Host ports that must not be allocated. */
  readonly takenPorts: ReadonlySet<number>
  /** What the target says of what the release asks of it beside what its capabilities tell. */
  readonly targetFindings?: readonly Finding[]
  /** What `${site.X}` stands for. */
  readonly site: Readonly<Record<string, string>>
}

/** An installation of something new. */
export interface InstallRequest extends PlanContext {
  readonly vendor: VendorState
  readonly choices: Choices
  /** What an earlier installation of this name was, whose data was kept. */
  readonly kept?: WantedState
}

/** A change within a release. */
export interface ConfigureRequest extends PlanContext {
  readonly current: Revision
  readonly choices: Choices
  /** Secrets that get a new value. */
  readonly rotate?: Rotation
  /** Which volumes are copied first; without it none. */
  readonly snapshot?: SnapshotPolicy
}

/** A change to another release. */
export interface UpgradeRequest extends PlanContext {
  readonly current: Revision
  readonly vendor: VendorState
  readonly choices: Choices
  /** Items by name whose offered default is taken or declined. */
  readonly take: readonly string[]
  readonly decline: readonly string[]
  /** Components and volumes that the release calls otherwise: `old=new`. */
  readonly map: readonly string[]
  readonly prune: boolean
  /** Accepts a release with a lower sequence number. */
  readonly allowOlder: boolean
  /** Which volumes are copied first; without it those whose data cannot go back. */
  readonly snapshot?: SnapshotPolicy
}

/** A way back to an older revision. */
export interface RollbackRequest extends PlanContext {
  readonly current: Revision
  readonly to: Revision
  readonly snapshot?: SnapshotPolicy
  /** Snapshots whose data comes back; without them data stays as it is. */
  readonly restore?: readonly VolumeSnapshot[]
}

/** What is known of a failed change beside its plan. */
export interface ReturnRequest {
  /** Snapshots of it whose data comes back. */
  readonly restore: readonly VolumeSnapshot[]
  /** Components whose newer version was begun. */
  readonly begun: readonly string[]
  /** Components that were quiesced and not started again. */
  readonly quiesced: readonly string[]
}

/** An end. */
export interface UninstallRequest extends PlanContext {
  readonly current: Revision
  readonly deleteData: boolean
}

interface Outline {
  readonly kind: PlanKind
  readonly from: number | null
  readonly to: number | null
  readonly previous: WantedState | null
  readonly next: WantedState
  readonly notes: Notes
  readonly findings: readonly Finding[]
  readonly why?: Why
  /** How the components that there were are called in the wanted state, where that is otherwise. */
  readonly mapped?: Pick<Mapped, 'state' | 'renamed'>
  readonly data?: DataChoice
}

/**
 * Plans an installation.
 * @throws SealiftError `INSTALLATION_NAME_INVALID`, `PARAMETER_MISSING`, and all that choices can be refused with
 */
export function planInstall(request: InstallRequest): Plan {
  parseInstallationName(request.installation)
  const { vendor, choices, capabilities } = request
  const decisions = new Decisions()
  const merged = mergeStates(null, vendor, { ...request, decisions, prune: false, platform: targetPlatform(capabilities) })
  const next = adoptSecrets(settle(merged.next, choices, merged.notes, request), request.kept)
  return finish(request, {
    kind: 'install',
    from: null,
    to: null,
    previous: null,
    next,
    notes: merged.notes,
    findings: [...findingsFor(vendor.requires, request.capabilities), ...(request.targetFindings ?? [])],
    why: () => 'It is new.',
  })
}

/**
 * Plans a change of settings: values, files, limits, modules.
 * @throws SealiftError for what choices can be refused with
 */
export function planConfigure(request: ConfigureRequest): Plan {
  const { current, choices } = request
  const notes = new Notes()
  const { installation, contents } = request
  const settled = settle(current.state, choices, notes, request)
  const { next, findings } =
    request.rotate === undefined ? { next: settled, findings: [] } : rotateSecrets({ installation, state: settled, contents }, request.rotate, notes)
  return finish(request, {
    kind: 'configure',
    from: current.number,
    to: null,
    previous: current.state,
    next,
    notes,
    findings,
    why: () => 'Changed by the site.',
    data: { ...USUAL_DATA, snapshot: request.snapshot ?? 'none' },
  })
}

/**
 * Plans the way to another release.
 * @throws SealiftError `APPLICATION_MISMATCH`, `RELEASE_OLDER`, `UPGRADE_REFUSED`, `PARAMETER_MISSING`, `NAME_UNKNOWN`, `MAP_REFUSED`, `MERGE_CONFLICT`
 */
export function planUpgrade(request: UpgradeRequest): Plan {
  const { current, vendor, choices, take, decline, prune, contents } = request
  assertMayFollow(current.state.release, vendor, request.allowOlder)
  const decisions = new Decisions(take, decline)
  const mapped = mapComponents(current.state, vendor, request.map, contents)
  const { notes, next: merged } = mergeStates(mapped.state, vendor, { ...request, decisions, prune, platform: current.state.platform })
  decisions.assertAllUsed()
  noteMapped(mapped, notes)
  const next = settle(merged, choices, notes, request)
  const { release } = current.state
  const content: Finding[] =
    release.version === vendor.release.version && release.digest !== vendor.release.digest
      ? [
          {
            severity: 'warning',
            subject: `release ${release.version}`,
            message: `Same version, changed content: ${release.digest.slice(7, 19)} is installed, ${vendor.release.digest.slice(7, 19)} is wanted.`,
            hint: 'The items of this plan are the difference.',
          },
        ]
      : []
  return finish(request, {
    kind: 'upgrade',
    from: current.number,
    to: null,
    previous: current.state,
    next,
    notes,
    findings: [...content, ...findingsFor(vendor.requires, request.capabilities), ...(request.targetFindings ?? [])],
    mapped,
    data: {
      ...USUAL_DATA,
      snapshot: request.snapshot ?? 'forwardOnly',
      discard: prune ? olderGenerations(next, request.installation, request.observed) : [],
    },
  })
}

/**
 * Plans the way back to an older revision. What came since stays and is shown as left over. With the
 * current revision it repairs: whatever is not as recorded is brought back.
 * Any revision can be compared with; only one that was reached should be executed towards.
 */
export function planRollback(request: RollbackRequest): Plan {
  const { current, to, installation, observed } = request
  const notes = new Notes()
  const back = rolledBack(current.state, to.state, notes)
  const { state: next, restores } = withRestores(back, request.restore ?? [], installation, observed)
  return finish(request, {
    kind: 'rollback',
    from: current.number,
    to: to.number,
    previous: current.state,
    next,
    notes,
    findings: dataFindings(current, next, to, restores),
    why: () => `As it was in revision ${to.number}.`,
    mapped: underNamesOf(next, current.state),
    data: { ...USUAL_DATA, snapshot: request.snapshot ?? 'forwardOnly', restores },
  })
}

/** Plans the end of an installation. */
export function planUninstall({ installation, current, deleteData, observed }: UninstallRequest): Plan {
  const { state } = current
  const items = runningComponents(state).map(
    (name): PlanItem => ({
      component: name,
      kind: 'component',
      name,
      now: 'runs',
      then: null,
      effect: 'removed',
      why: 'The installation is removed.',
      restart: false,
    }),
  )
  const volumes = observed.volumes
    .filter((volume) => volume.startsWith(`${installation}.`))
    .map((volume): PlanItem => {
      const component = volume.split('.')[1] ?? null
      return deleteData
        ? { component, kind: 'volume', name: volume, now: 'kept data', then: null, effect: 'removed', why: 'Deleting the data was asked for.', restart: false }
        : {
            component,
            kind: 'volume',
            name: volume,
            now: 'kept data',
            then: 'kept data',
            effect: 'kept',
            why: 'Data and its secrets stay for a reinstallation.',
            restart: false,
          }
    })
  return seal({
    kind: 'uninstall',
    installation,
    from: current.number,
    to: null,
    fromRelease: state.release,
    toRelease: null,
    previous: state,
    next: null,
    items: [...items, ...volumes],
    steps: [{ id: 'uninstall', after: [], kind: 'uninstall', deleteData }],
    data: USUAL_DATA,
    findings: [],
    rollbackNote: deleteData ? 'Deleted data cannot be brought back.' : 'Installing again under the same name finds the data and its secrets.',
    returns: false,
  })
}

/**
 * The way back after a plan failed, from what is observed now. Components that only the failed plan
 * brought are removed; their volumes stay.
 * @returns undefined for a failed installation's or uninstallation's plan: there is nothing to go back to
 */
export function planReturn(failed: Plan, context: PlanContext, { restore, ...undo }: ReturnRequest): Plan | undefined {
  if (failed.previous === null || failed.next === null || failed.from === null) return undefined
  const { state: next, restores } = withRestores(failed.previous, restore, context.installation, context.observed)
  return finish(context, {
    kind: 'return',
    from: failed.from,
    to: failed.from,
    previous: failed.next,
    next,
    notes: new Notes(),
    findings: [],
    why: (effect) => (effect === 'removed' ? 'Only the failed change brought it.' : `As it was in revision ${failed.from}.`),
    mapped: underNamesOf(next, failed.next),
    data: { ...DATA_AS_IT_IS, restores, undo },
  })
}

/** @throws SealiftError `PLAN_CHANGED` where a plan is not the one that was agreed to */
export function assertAgreed(plan: Plan, digest: string): void {
  if (plan.digest === digest || (digest.length >= 12 && plan.digest.slice('sha256:'.length).startsWith(digest))) return
  throw new SealiftError('PLAN_CHANGED', `what would happen now (plan ${plan.digest.slice(7, 19)}) is not what was shown (plan ${digest})`)
}

function targetPlatform(capabilities: Capabilities): Platform {
  const [platform] = capabilities.platforms
  if (platform === undefined) throw new SealiftError('PLATFORM_MISSING', `the target (${capabilities.engine}) names no platform that it runs`)
  return platform
}

/** Applies choices and settles what follows from them: modules, parameters, host ports. */
function settle(state: WantedState, choices: Choices, notes: Notes, { takenPorts }: PlanContext): WantedState {
  const applied = applyChoices(state, choices, notes)
  requireParameters(applied)
  return allocateHostPorts(settleModules(applied, notes), takenPorts, notes)
}

/** Says of what is mapped what it was. */
function noteMapped({ renamed, movedVolumes }: Mapped, notes: Notes): void {
  for (const [component, old] of renamed) {
    notes.add({ component, kind: 'component', name: component, effect: 'changed', why: `It was ${old}; its values, data and secrets move along (--map).` })
  }
  for (const [volume, old] of movedVolumes) {
    const [component = '', name = ''] = volume.split('/')
    notes.add({ component, kind: 'volume', name, effect: 'added', why: `It was ${old}, with the data that is there (--map).` })
  }
}

function assertMayFollow(installed: WantedState['release'], { release, upgradeFrom }: VendorState, allowOlder: boolean): void {
  if (release.application !== installed.application) {
    throw new SealiftError('APPLICATION_MISMATCH', `release ${release.version} is of ${release.application}, the installation is of ${installed.application}`)
  }
  if (release.sequence < installed.sequence && !allowOlder) {
    throw new SealiftError(
      'RELEASE_OLDER',
      `release ${release.version} (sequence ${release.sequence}) is older than the installed ${installed.version} (sequence ${installed.sequence})`,
      { hint: 'To undo an upgrade, use sealift rollback; to install the older release as a new one, pass --allow-older.' },
    )
  }
  const isOther = release.digest !== installed.digest && release.version !== installed.version
  if (upgradeFrom === undefined || !isOther) return
  if (!versionInRange(parseVersion(installed.version), parseVersionRange(upgradeFrom))) {
    throw new SealiftError('UPGRADE_REFUSED', `release ${release.version} follows versions ${upgradeFrom}, installed is ${installed.version}`, {
      hint: `Upgrade to a version ${upgradeFrom} first.`,
    })
  }
}

/** An older version may not understand data that cannot go back. */
function dataFindings(current: Revision, next: WantedState, to: Revision, restores: readonly { readonly component: string }[]): readonly Finding[] {
  return runningComponents(next).flatMap((name): readonly Finding[] => {
    const changed = current.state.components[name]?.image?.config !== next.components[name]?.image?.config
    if (!changed || !isForwardOnly(current.state, name) || restores.some(({ component }) => component === name)) return []
    return [
      {
        severity: 'warning',
        subject: name,
        message: `Its data cannot go back: the version of revision ${to.number} may not understand what the present one wrote.`,
        hint: 'With --restore-data the data comes back as it was then; see sealift snapshot list.',
      },
    ]
  })
}

function finish(context: PlanContext, { kind, from, to, previous, next, notes, findings, why, mapped, data = USUAL_DATA }: Outline): Plan {
  const { installation, observed, contents, capabilities } = context
  const input = { kind, installation, previous, next, observed, contents, data }
  const steps = stepsFor(input)
  const affected = new Set(steps.flatMap((step) => (step.kind === 'component' ? [step.component] : [])))
  const renamed = mapped?.renamed ?? new Map<string, string>()
  const drafts = diffStates(mapped?.state ?? previous, next, notes, { renamed, ...(why === undefined ? {} : { why }) })
  const there = new Set(observed.components.flatMap(({ name, replicas }) => (replicas.length > 0 ? [name] : [])))
  const restarted = new Set([...affected].filter((name) => there.has(renamed.get(name) ?? name)))
  const items = drafts.map(
    (item): PlanItem => ({
      ...item,
      restart: item.component !== null && restarted.has(item.component) && CAUSES_RESTART.has(item.effect) && !ALONE.has(item.kind),
    }),
  )
  items.push(...dataItems(input, steps))
  const explained = new Set(
    items.filter(({ restart, kind }) => restart || kind === 'component' || kind === 'plugin' || kind === 'replicas').map(({ component }) => component),
  )
  for (const component of affected) {
    if (explained.has(component)) continue
    const changed = restarted.has(component)
    items.push({
      component,
      kind: 'component',
      name: component,
      now: changed ? 'runs' : null,
      then: 'runs',
      effect: 'changed',
      why: changed ? 'A value that it uses changed, or it is not in its wanted state.' : 'It does not run and is started.',
      restart: changed,
    })
  }
  if (kind === 'install' || kind === 'upgrade') items.push(...featuresNotActedOn(next, capabilities))
  return seal({
    kind,
    installation,
    from,
    to,
    fromRelease: previous?.release ?? null,
    toRelease: next.release,
    previous,
    next,
    items,
    steps,
    data,
    findings: [...platformFindings(next, capabilities), ...(kind === 'return' ? [] : componentFindings(previous, next, capabilities)), ...findings],
    ...whatIfItFails({ kind, from, previous, next, data }, steps),
  })
}

/** What changes without a restart of the component: plugins and replicas come and go beside it, hooks only run. */
const ALONE: ReadonlySet<ItemKind> = new Set(['plugin', 'hook', 'replicas'])

const CAUSES_RESTART: ReadonlySet<string> = new Set(['added', 'changed', 'removed', 'allocated', 'generated'])

function platformFindings({ platform }: WantedState, capabilities: Capabilities): readonly Finding[] {
  if (capabilities.platforms.some(({ os, architecture }) => os === platform.os && architecture === platform.architecture)) return []
  return [
    {
      severity: 'error',
      subject: `target ${capabilities.engine}`,
      message: `The installation is for ${formatPlatform(platform)}, the target runs ${capabilities.platforms.map(formatPlatform).join(', ')}.`,
      hint: 'Install it anew on this target.',
    },
  ]
}

function seal(plan: Omit<Plan, 'digest'>): Plan {
  return { digest: digestOf(canonicalJson(plan)), ...plan }
}
