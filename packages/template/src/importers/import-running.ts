import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { labelOf, unusedName } from './component-name.ts'
import type { DraftComponent, DraftDependency, DraftPort, DraftVariable } from './draft/draft.ts'
import { draftHealth } from './draft/engine-health.ts'
import type { ImageFacts } from './image-facts.ts'
import { requireImportable } from './import-compose.ts'
import type { ImportReport } from './import-note.ts'
import { ownChanges } from './running/container-changes.ts'
import { ComposeLabel, type ContainerFacts, type ContainerFiles } from './running/container-facts.ts'
import { containerMounts } from './running/container-mounts.ts'
import { containerSettings } from './running/container-settings.ts'
import { type ImportedTemplate, type TemplateOfDraftOptions, templateOfDraft } from './template-of-draft.ts'

/** A container to be published. */
export interface RunningContainer {
  readonly container: ContainerFacts
  /** How the template names its image. */
  readonly image: string
  readonly facts: ImageFacts | undefined
}

export interface ImportRunningOptions extends TemplateOfDraftOptions {
  /** The name of the application. */
  readonly name: string
}

/**
 * Makes a template of containers that an engine has; those of one Compose service are replicas of one
 * component. What a container has from its image is left to the image. The report says what was decided.
 * @throws SealiftError `IMPORT_REFUSED`, `NAME_UNKNOWN`
 */
export async function importRunning(
  running: readonly RunningContainer[],
  options: ImportRunningOptions,
  files: ContainerFiles,
  report: ImportReport,
): Promise<ImportedTemplate> {
  const services = Map.groupBy(running, ({ container }) => serviceOf(container))
  const names = new Map<string, string>()
  const used = new Set<string>()
  for (const [service, [first]] of services) {
    const name = unusedName(labelOf(service), used)
    if (report.leavesOut(name)) {
      report.note({ kind: 'left-out', component: name, subject: first === undefined ? service : subjectOf(first.container), message: 'left out as told.' })
      continue
    }
    used.add(name)
    names.set(service, name)
  }
  const components = (
    await Promise.all(
      [...services].map(async ([service, replicas]) => {
        const name = names.get(service)
        return name === undefined ? undefined : componentOf(name, replicas, { names, running, files, report })
      }),
    )
  ).filter((component) => component !== undefined)
  requireImportable(report)
  if (components.length === 0) throw new SealiftError('USAGE', 'no container is left to publish')
  const orderKnown = running.some(({ container }) => labelsOf(container)[ComposeLabel.dependsOn] !== undefined)
  const draft = { name: options.name, components: withLinkNames(components, running, names), orderKnown, activeProfiles: [], architectures: [] }
  return templateOfDraft(draft, options, report)
}

const nameOf = ({ Name }: ContainerFacts): string => Name.replace(/^\//, '')
const labelsOf = ({ Config }: ContainerFacts): Readonly<Record<string, string>> => Config.Labels ?? {}
const subjectOf = (container: ContainerFacts): string => `container ${nameOf(container)}`

function serviceOf(container: ContainerFacts): string {
  return labelsOf(container)[ComposeLabel.service] ?? nameOf(container)
}

interface Surroundings {
  /** Components by service. */
  readonly names: ReadonlyMap<string, string>
  readonly running: readonly RunningContainer[]
  readonly files: ContainerFiles
  readonly report: ImportReport
}

async function componentOf(name: string, replicas: readonly RunningContainer[], { names, running, files, report }: Surroundings): Promise<DraftComponent> {
  const chosen = replicas.find(({ container }) => container.State.Running) ?? replicas[0]
  if (chosen === undefined) throw new SealiftError('INTERNAL', `component ${name} has no container`)
  const { container, image, facts } = chosen
  const subject = subjectOf(container)
  checkShared(container, name, report)
  const { mounts, files: carried } = await containerMounts(container, name, subject, files, report)
  const workload = isJob(container)
    ? ('job' as const)
    : mounts.some((mount) => mount.kind === 'volume' && !mount.readOnly)
      ? ('stateful' as const)
      : ('stateless' as const)
  if (!container.State.Running && workload !== 'job') {
    report.note({
      kind: 'warning',
      component: name,
      subject,
      message: `does not run (${container.State.Status}, exit code ${container.State.ExitCode}). It was taken as it is.`,
    })
  }
  await sayOwnChanges(container, name, files, report)
  const env = variables(container, facts)
  const { entrypoint, command } = programOf(container, facts)
  const health = workload === 'job' ? undefined : draftHealth(container.Config.Healthcheck ?? undefined)
  const count = replicas.filter((replica) => replica.container.State.Running).length
  const settings = containerSettings(container, facts)
  return {
    name,
    subject,
    image,
    workload,
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(command === undefined ? {} : { command }),
    env,
    ports: ports(container, name, report),
    mounts,
    files: carried,
    ...(health === undefined ? {} : { health }),
    dependsOn: dependencies(container, names, running),
    profiles: [],
    hostNames: hostNames(replicas, name),
    settings: count > 1 && workload !== 'job' ? { ...settings, scaling: { min: 1, max: count, initial: count } } : settings,
  }
}

function isJob({ State, HostConfig }: ContainerFacts): boolean {
  const policy = HostConfig.RestartPolicy?.Name ?? ''
  return State.Status === 'exited' && State.ExitCode === 0 && (policy === '' || policy === 'no' || policy === 'on-failure')
}

/** Refuses what a container shares with its host, and names what else is not carried. */
function checkShared(container: ContainerFacts, component: string, report: ImportReport): void {
  const { HostConfig } = container
  const subject = subjectOf(container)
  const refuse = (setting: string, message: string): void =>
    report.refuse({ subject: `${subject}: ${setting}`, message, leaveOut: `${component}/${setting}` }, component)
  const leaveOut = (setting: string, message: string): void => report.note({ kind: 'left-out', component, subject: `${subject}: ${setting}`, message })
  const {
    NetworkMode = 'default',
    PidMode = '',
    IpcMode = '',
    Devices,
    SecurityOpt,
    Dns,
    GroupAdd,
    ReadonlyRootfs,
    Init,
    UsernsMode,
    Runtime,
    CpuShares,
    CpusetCpus,
    ExtraHosts,
  } = HostConfig
  if (NetworkMode === 'host') refuse('network_mode', "the host's network can not be carried. Publish ports instead.")
  else if (NetworkMode.startsWith('container:')) refuse('network_mode', 'the network of another container can not be carried. Use component names.')
  else if (NetworkMode === 'none') leaveOut('network_mode', 'none: every component is in the network of its installation.')
  if (PidMode !== '' && PidMode !== 'private') refuse('pid', "the host's processes, and those of another container, can not be shared at a site.")
  if (IpcMode === 'host' || IpcMode.startsWith('container:')) refuse('ipc', 'shared memory of others can not be carried. For more of its own use shm_size.')
  if (Devices?.length) refuse('devices', `${Devices.map(({ PathOnHost = '' }) => PathOnHost).join(', ')}: a device of the host can not be carried.`)
  if (SecurityOpt?.length) leaveOut('security_opt', "the site's engine applies its own profiles.")
  if (Dns?.length) leaveOut('dns', "the site's engine resolves names.")
  if (GroupAdd?.length) leaveOut('group_add', 'a template has one group: group, or fsGroup for volumes.')
  if (ReadonlyRootfs === true) leaveOut('read_only', 'a template can not make the root file system read-only.')
  if (Init === true) leaveOut('init', 'where the program does not collect its children, put an init program into the image.')
  if (UsernsMode !== undefined && UsernsMode !== '') leaveOut('userns_mode', "the site's engine decides.")
  if (Runtime !== undefined && !['', 'runc', 'oci', 'crun'].includes(Runtime)) leaveOut('runtime', `${Runtime}: the site's engine decides.`)
  if (CpuShares) leaveOut('cpu_shares', 'a template limits cores, and has no weights.')
  if (CpusetCpus) leaveOut('cpuset', 'names processors of one host.')
  for (const host of ExtraHosts ?? [])
    if (host.endsWith(':host-gateway')) leaveOut(`extra_hosts ${host}`, 'is the address of one host. What runs there is a component with workload: external.')
  const networks = Object.keys(container.NetworkSettings?.Networks ?? {})
  if (networks.length > 1) {
    report.note({
      kind: 'changed',
      component,
      subject: `${subject}: networks`,
      message: `${networks.join(', ')}: all components of an installation share one network, and can reach one another.`,
    })
  }
}

async function sayOwnChanges(container: ContainerFacts, component: string, files: ContainerFiles, report: ImportReport): Promise<void> {
  const changed = await ownChanges(container, files)
  if (changed.length === 0) return
  const shown = changed.slice(0, 10).join(', ')
  report.note({
    kind: 'left-out',
    component,
    subject: `${subjectOf(container)}: files changed in the container`,
    message: `${shown}${changed.length > 10 ? ` and ${changed.length - 10} more` : ''}: the image travels as it was built. Build what is needed into it, make it a file of the template, or keep it in a volume.`,
  })
}

/** Set by the engine, not by a person. */
const ENGINE_VARIABLES = new Set(['PATH', 'HOSTNAME', 'HOME', 'TERM', 'container'])

function variables({ Config }: ContainerFacts, facts: ImageFacts | undefined): DraftVariable[] {
  const fromImage = new Set(facts?.env)
  return (Config.Env ?? []).flatMap((text) => {
    const equals = text.indexOf('=')
    const name = equals < 0 ? text : text.slice(0, equals)
    if (fromImage.has(text) || !/^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/.test(name) || (facts === undefined && ENGINE_VARIABLES.has(name))) return []
    return [{ name, value: equals < 0 ? '' : text.slice(equals + 1) }]
  })
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((word, index) => word === b[index])

function programOf(
  { Config }: ContainerFacts,
  facts: ImageFacts | undefined,
): { readonly entrypoint?: readonly string[]; readonly command?: readonly string[] } {
  const entrypoint = Config.Entrypoint ?? []
  const command = Config.Cmd ?? []
  const entrypointDiffers = !same(entrypoint, facts?.entrypoint ?? [])
  // Whoever replaces the entrypoint loses the image's command.
  const commandDiffers = entrypointDiffers ? command.length > 0 : !same(command, facts?.command ?? [])
  return { ...(entrypointDiffers && entrypoint.length > 0 ? { entrypoint } : {}), ...(commandDiffers && command.length > 0 ? { command } : {}) }
}

function ports({ Config, HostConfig, Name }: ContainerFacts, component: string, report: ImportReport): DraftPort[] {
  const all = new Map<string, DraftPort>()
  const portOf = (key: string): DraftPort | undefined => {
    const parts = /^(\d+)(?:\/(tcp|udp))?$/.exec(key)
    return parts === null ? undefined : { port: Number(parts[1]), protocol: parts[2] === 'udp' ? 'udp' : 'tcp' }
  }
  for (const [key, bindings] of Object.entries(HostConfig.PortBindings ?? {})) {
    const port = portOf(key)
    if (port === undefined) continue
    const outside = (bindings ?? []).find(({ HostIp = '' }) => !/^(127\.|::1$)/.test(HostIp))
    if (outside === undefined && bindings?.length) {
      report.note({
        kind: 'left-out',
        component,
        subject: `container ${Name.replace(/^\//, '')}: port ${key}`,
        message: `is published on ${bindings[0]?.HostIp} alone, which a template can not say; it is not published at all.`,
      })
    }
    const hostPort = Number(outside?.HostPort ?? 0)
    all.set(key, { ...port, ...(outside === undefined ? {} : { published: hostPort > 0 ? { hostPort } : {} }) })
  }
  for (const key of Object.keys(Config.ExposedPorts ?? {})) {
    const port = portOf(key)
    if (port !== undefined && !all.has(key)) all.set(key, { ...port, ...(HostConfig.PublishAllPorts === true ? { published: {} } : {}) })
  }
  return [...all.values()].toSorted((a, b) => a.port - b.port).slice(0, 100)
}

function dependencies(container: ContainerFacts, names: ReadonlyMap<string, string>, running: readonly RunningContainer[]): DraftDependency[] {
  const found = new Map<string, DraftDependency>()
  const self = names.get(serviceOf(container))
  const wait = { service_healthy: 'healthy', service_completed_successfully: 'completed' } as const
  for (const text of (labelsOf(container)[ComposeLabel.dependsOn] ?? '').split(',')) {
    const [service = '', condition = ''] = text.split(':')
    const component = names.get(service)
    if (component === undefined || component === self) continue
    found.set(component, { component, ...(condition in wait ? { wait: wait[condition as keyof typeof wait] } : {}) })
  }
  for (const { target } of links(container)) {
    const other = running.find((each) => nameOf(each.container) === target)
    const component = other && names.get(serviceOf(other.container))
    if (component !== undefined && component !== self && !found.has(component)) found.set(component, { component })
  }
  return [...found.values()]
}

/** `/shop_db_1:/shop_web_1/database` */
function links({ HostConfig }: ContainerFacts): { readonly target: string; readonly alias: string }[] {
  return (HostConfig.Links ?? []).map((text) => {
    const [target = '', alias = ''] = text.split(':')
    return { target: target.replace(/^\//, ''), alias: alias.split('/').at(-1) ?? '' }
  })
}

function hostNames(replicas: readonly RunningContainer[], component: string): string[] {
  const names = new Set<string>()
  for (const { container } of replicas) {
    names.add(nameOf(container)).add(serviceOf(container))
    const { Hostname = '' } = container.Config
    if (Hostname !== '' && !container.Id.startsWith(Hostname)) names.add(Hostname)
    for (const { Aliases } of Object.values(container.NetworkSettings?.Networks ?? {})) {
      for (const alias of Aliases ?? []) if (!container.Id.startsWith(alias)) names.add(alias)
    }
  }
  names.delete(component)
  return [...names]
}

/** What others link a container as is a further name of it. */
function withLinkNames(components: readonly DraftComponent[], running: readonly RunningContainer[], names: ReadonlyMap<string, string>): DraftComponent[] {
  const further = new Map<string, Set<string>>()
  for (const { container } of running) {
    for (const { target, alias } of links(container)) {
      const other = running.find((each) => nameOf(each.container) === target)
      const component = other && names.get(serviceOf(other.container))
      if (component !== undefined && alias !== '' && alias !== component) further.set(component, (further.get(component) ?? new Set()).add(alias))
    }
  }
  const taken = new Set(components.map(({ name }) => name))
  return components.map((component) => ({
    ...component,
    hostNames: [...new Set([...component.hostNames, ...(further.get(component.name) ?? [])])].filter((name) => !taken.has(name)),
  }))
}
