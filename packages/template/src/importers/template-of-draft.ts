import type { Component } from '../schema/component.ts'
import type { Dependency } from '../schema/dependency.ts'
import type { Probe } from '../schema/probe.ts'
import { API_VERSION, type Template } from '../schema/template.ts'
import type { Draft, DraftHealth } from './draft/draft.ts'
import { draftModules } from './draft/draft-modules.ts'
import { draftPorts } from './draft/draft-ports.ts'
import { draftVolumes } from './draft/draft-volumes.ts'
import { formatTemplateDuration } from './draft/quantities.ts'
import { proposeDependencies, resolveHosts } from './draft/resolve-hosts.ts'
import { type ComponentSlots, type DraftSlots, slotsOfDraft } from './draft/slots-of-draft.ts'
import type { ImportReport } from './import-note.ts'
import { type AppliedSecrets, applySecrets } from './secrets/apply-secrets.ts'
import { decideSecrets, type SecretChoice } from './secrets/decide-secrets.ts'
import { findSecrets, suspiciousLines } from './secrets/find-secrets.ts'

/** A template as an import wrote it, with the files that belong beside it. */
export interface ImportedTemplate {
  readonly template: Template
  /** By their paths beside the template. */
  readonly files: ReadonlyMap<string, Buffer>
  /** `COMPONENT/VARIABLE` whose literals may be published though they look like secrets. */
  readonly allowSecrets: readonly string[]
}

/** What the publisher says beside the source. */
export interface TemplateOfDraftOptions {
  readonly version: string
  /** By `COMPONENT/VARIABLE`. */
  readonly secrets: Readonly<Record<string, SecretChoice>>
}

/**
 * Makes a template of a draft: secrets become connection values and parameters, other names of components
 * their own ones, volumes get owners, profiles modules, ports of the host parameters. The report says what was decided.
 * @throws SealiftError `NAME_UNKNOWN` for a choice about a secret that is not there
 */
export function templateOfDraft(draft: Draft, { version, secrets: choices }: TemplateOfDraftOptions, report: ImportReport): ImportedTemplate {
  const slots = slotsOfDraft(draft)
  // Before host names are replaced: a host in a URL tells whose secret it is.
  const mentions = resolveHosts(draft, slots, report)
  const depends = (a: string, b: string): boolean =>
    draft.components.find(({ name }) => name === a)?.dependsOn.some(({ component }) => component === b) === true
  const uses = (a: string, b: string): boolean => depends(a, b) || mentions.get(a)?.has(b) === true
  const found = findSecrets(draft, slots, (a, b) => uses(a, b) || uses(b, a))
  const applied = applySecrets(draft, decideSecrets(draft, found, choices, uses), report)
  warnOfFiles(slots, report)
  const dependencies = withOwners(proposeDependencies(draft, mentions, report), applied)
  const { modules, ofComponent } = draftModules(draft)
  const { ports, parameters: portParameters } = draftPorts(draft)
  const volumes = draftVolumes(draft, report)
  const parameters = [...portParameters, ...applied.parameters]
  const { files, contents } = filesOf(slots, draft)
  const components = slots.components.map((each): Component => {
    const { name, image, workload, settings } = each.component
    const module = ofComponent.get(name)
    const connection = applied.connection.get(name)
    const { dependsOn, taken } = injection(dependencies.get(name) ?? [], each, applied)
    const env = each.env
      .filter((slot) => !taken.has(slot.name))
      .map((slot) => ({ name: slot.name, value: slot.render(), ...(slot.hasValues ? { secret: true } : {}) }))
    const { workingDir, hostname, user, group, scaling, resources, ...others } = settings
    const carried = files.get(name) ?? []
    const { health } = each.component
    return {
      name,
      ...(module === undefined ? {} : { module }),
      workload,
      image,
      ...(each.entrypoint === undefined ? {} : { entrypoint: each.entrypoint.map((slot) => slot.render()) }),
      ...(each.command === undefined ? {} : { command: each.command.map((slot) => slot.render()) }),
      ...(workingDir === undefined ? {} : { workingDir }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(user === undefined ? {} : { user }),
      ...(group === undefined ? {} : { group }),
      ...listed('dependsOn', dependsOn),
      ...listed('ports', ports.get(name) ?? []),
      ...listed('env', env),
      ...listed('connection', connection ?? []),
      ...listed('volumes', volumes.get(name) ?? []),
      ...listed('files', carried),
      ...(health === undefined
        ? {}
        : {
            probes: probesOf(
              health,
              (each.health ?? []).map((slot) => slot.render()),
            ),
          }),
      ...(resources === undefined ? {} : { resources }),
      ...(scaling === undefined || workload === 'job' || workload === 'daemon' ? {} : { scaling }),
      ...others,
    }
  })
  const { architectures } = draft
  return {
    template: {
      apiVersion: API_VERSION,
      kind: 'Application',
      name: draft.name,
      release: { version },
      ...(architectures.length === 0 ? {} : { requires: { arch: [...architectures] } }),
      ...listed('parameters', parameters),
      ...listed('modules', modules),
      components,
    },
    files: contents,
    allowSecrets: applied.allowed,
  }
}

/** A secret in a file alone can't be told from a setting: a person has to look. */
function warnOfFiles({ files }: DraftSlots, report: ImportReport): void {
  for (const { slot, users } of files.values()) {
    const lines = suspiciousLines(slot)
    if (lines.length === 0) continue
    report.note({
      kind: 'warning',
      ...(users[0] === undefined ? {} : { component: users[0] }),
      subject: slot.name,
      message: `line ${lines.slice(0, 10).join(', ')} seems to hold a secret, which would travel as it is. Give it to a variable too, or write \${…} there in the template's file (template: true).`,
    })
  }
}

function listed<Key extends string, Item>(key: Key, items: readonly Item[]): { [K in Key]?: Item[] } {
  return items.length === 0 ? {} : ({ [key]: [...items] } as { [K in Key]?: Item[] })
}

/** Whoever uses another one's secret depends on it, if it did not before. */
function withOwners(proposed: ReturnType<typeof proposeDependencies>, { dependencies }: AppliedSecrets): ReturnType<typeof proposeDependencies> {
  const all = new Map(proposed)
  for (const { component, on } of dependencies) {
    const list = all.get(component) ?? []
    if (!list.some((dependency) => dependency.component === on)) all.set(component, [...list, { component: on, wait: 'none' }])
  }
  return all
}

/**
 * How a component gets the connection values of those it depends on: injected where each of them is the
 * whole value of its own variable of that name, which then goes; else by name, and nothing is injected
 * that was not there before.
 */
function injection(
  dependencies: readonly { readonly component: string; readonly wait?: Dependency['wait']; readonly optional?: boolean }[],
  { component, env }: ComponentSlots,
  { connection }: AppliedSecrets,
): { readonly dependsOn: readonly Dependency[]; readonly taken: ReadonlySet<string> } {
  const taken = new Set<string>()
  const dependsOn = dependencies.map(({ component: other, wait, optional }): Dependency => {
    const values = connection.get(other) ?? []
    const base: Dependency = { component: other, ...(wait === undefined ? {} : { wait }), ...(optional === true ? { optional } : {}) }
    if (values.length === 0) return base
    const all = values.every(({ name }) => env.some((slot) => slot.name === name && slot.render() === `\${components.${other}.${name}}`))
    if (!all || other === component.name || values.some(({ name }) => taken.has(name))) return { ...base, inject: false }
    for (const { name } of values) taken.add(name)
    return base
  })
  return { dependsOn, taken }
}

function filesOf(
  { files }: DraftSlots,
  { components }: Draft,
): { readonly files: ReadonlyMap<string, NonNullable<Component['files']>>; readonly contents: ReadonlyMap<string, Buffer> } {
  const contents = new Map<string, Buffer>()
  const ofComponents = new Map<string, NonNullable<Component['files']>>()
  for (const component of components) {
    const list = component.files.map(({ path, source, content, mode, uid, gid, secret }) => {
      const slot = files.get(source)?.slot
      const substituted = slot?.hasValues === true
      contents.set(source, slot?.isChanged === true ? Buffer.from(slot.render({ substituted })) : content)
      return {
        path,
        source,
        ...(mode === undefined || mode === 0o644 ? {} : { mode: `0${(mode & 0o7777).toString(8).padStart(3, '0')}` }),
        ...(uid === undefined || uid === 0 ? {} : { uid }),
        ...(gid === undefined || gid === 0 ? {} : { gid }),
        ...(substituted ? { template: true } : {}),
        ...(secret !== undefined || substituted ? { secret: true } : {}),
      }
    })
    ofComponents.set(component.name, list)
  }
  return { files: ofComponents, contents }
}

/** A component that is not healthy after this long has failed, unless its health check says that it needs longer. */
const DEFAULT_GATE = 300

function probesOf({ interval, timeout, retries, startPeriod, startInterval }: DraftHealth, exec: string[]): NonNullable<Component['probes']> {
  const probe = (every: number, failures: number): Probe => ({
    exec,
    interval: formatTemplateDuration(Math.max(0.1, every)),
    timeout: formatTemplateDuration(Math.max(0.1, timeout)),
    failureThreshold: Math.min(1000, Math.max(1, Math.ceil(failures))),
  })
  // An engine looks for the first time after a whole interval; whoever waits for a component should not have to.
  const early = startInterval ?? Math.min(interval, 2)
  const patience = startPeriod + interval * retries
  const gate = startPeriod + interval * retries > DEFAULT_GATE ? { gate: formatTemplateDuration(startPeriod + interval * (retries + 1)) } : {}
  return {
    ...(early < interval || startPeriod > 0 ? { startup: probe(early, patience / early) } : {}),
    readiness: probe(interval, retries),
    ...gate,
  }
}
