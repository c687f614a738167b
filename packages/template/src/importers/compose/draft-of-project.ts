import { labelOf, unusedName } from '../component-name.ts'
import type { Draft, DraftComponent, DraftDependency, DraftMount } from '../draft/draft.ts'
import type { ImportReport } from '../import-note.ts'
import { composeField, isExtension } from './compose-fields.ts'
import type { ComposeProject } from './load-project.ts'
import type { ProjectFiles } from './project-files.ts'
import { serviceConfigs } from './service-configs.ts'
import { ServiceContext, type ServiceImage } from './service-context.ts'
import { serviceEnvironment } from './service-environment.ts'
import { serviceHealth } from './service-health.ts'
import { serviceMounts } from './service-mounts.ts'
import { checkNetworks, serviceHostNames, serviceLinks, servicePorts } from './service-network.ts'
import { serviceSettings } from './service-settings.ts'
import { asBoolean, asItems, asMapping, asText, composeFault, formatPlace, type MappingTree, member, type Tree } from './tree.ts'

/** How a project is turned into a draft. */
export interface DraftOfProject {
  readonly project: ComposeProject
  /** The name of the application. */
  readonly name: string
  readonly files: ProjectFiles
  readonly report: ImportReport
  /** The image of each service. */
  readonly images: ReadonlyMap<string, ServiceImage>
  /** Profiles whose modules are on at first. */
  readonly profiles: readonly string[]
}

/** The services that are taken over, by their names as components. */
export function componentNames({ services }: ComposeProject, report: ImportReport): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const used = new Set<string>()
  for (const [service, tree] of services) {
    const component = unusedName(labelOf(service), used)
    if (report.leavesOut(component) || (component !== service && report.leavesOut(service))) {
      report.note({ kind: 'left-out', component, subject: `services.${service}`, where: formatPlace(tree.place), message: 'left out as told.' })
      continue
    }
    used.add(component)
    names.set(service, component)
  }
  return names
}

/** The names under which the image of a service may be found, the likeliest first: what Compose calls what it builds. */
export function imageCandidates({ name, folder }: ComposeProject, service: string, tree: MappingTree): readonly string[] {
  const image = member(tree, 'image')
  if (image !== undefined) return [asText(image, 'image')]
  if (member(tree, 'build') === undefined) throw composeFault(tree.place, `services.${service}: has neither image nor build.`)
  const project = (name ?? folder.split('/').at(-1) ?? '').toLowerCase().replaceAll(/[^-_a-z0-9]/g, '')
  return [`${project}-${service.toLowerCase()}`, `${project}_${service.toLowerCase()}`]
}

/** Turns a project into a draft, and says what of it is not carried. @throws SealiftError `COMPOSE_INVALID` */
export async function draftOfProject(
  { project, name, files, report, images, profiles }: DraftOfProject,
  components: ReadonlyMap<string, string>,
): Promise<Draft> {
  const completed = completedServices(project)
  const drafts = new Map<string, DraftComponent>()
  const architectures = new Set<string>()
  for (const [service, component] of components) {
    const tree = project.services.get(service)
    const image = images.get(service)
    if (tree === undefined || image === undefined) continue
    const context = new ServiceContext({ service, component, tree, image, project, files, report, components })
    sayWhatIsLeftOut(context)
    checkNetworks(context)
    const { mounts, files: mounted } = await serviceMounts(context)
    const workload = workloadOf(context, completed.has(service), mounts)
    const words = (key: 'entrypoint' | 'command'): readonly string[] | undefined => {
      const list = context.get(key)
      return list === undefined ? undefined : asItems(list, key).map((item) => asText(item, key))
    }
    const [entrypoint, command] = [words('entrypoint'), words('command')]
    const health = workload === 'job' ? undefined : serviceHealth(context)
    const platform = context.get('platform')
    if (platform !== undefined) architectures.add(asText(platform, 'platform').split('/').slice(1).join('/') || 'amd64')
    drafts.set(service, {
      name: component,
      subject: `services.${service}`,
      where: formatPlace(tree.place),
      image: image.image,
      workload,
      ...(entrypoint === undefined || entrypoint.length === 0 ? {} : { entrypoint }),
      ...(command === undefined || command.length === 0 ? {} : { command }),
      env: await serviceEnvironment(context),
      ports: servicePorts(context),
      mounts,
      files: [...mounted, ...(await serviceConfigs(context))],
      ...(health === undefined ? {} : { health }),
      dependsOn: dependencies(context),
      profiles: profilesOf(context),
      hostNames: serviceHostNames(context),
      settings: serviceSettings(context, workload),
    })
  }
  takeVolumesFrom(project, drafts, report, components)
  addLinkAliases(project, drafts, components)
  sayWhatOfSections(project, report)
  return { name, components: [...drafts.values()], orderKnown: true, activeProfiles: profiles, architectures: [...architectures] }
}

/** Services that another one waits for to complete: jobs. */
function completedServices({ services }: ComposeProject): ReadonlySet<string> {
  const completed = new Set<string>()
  for (const tree of services.values()) {
    const dependsOn = member(tree, 'depends_on')
    for (const [service, how] of dependsOn === undefined ? [] : asMapping(dependsOn, 'depends_on').entries) {
      const condition = member(how, 'condition')
      if (condition !== undefined && asText(condition, 'depends_on.condition') === 'service_completed_successfully') completed.add(service)
    }
  }
  return completed
}

function workloadOf(context: ServiceContext, completes: boolean, mounts: readonly DraftMount[]): DraftComponent['workload'] {
  const mode = context.get('deploy', 'mode')
  const text = mode === undefined ? 'replicated' : asText(mode, 'deploy.mode')
  if (completes || text === 'replicated-job' || text === 'global-job') return 'job'
  if (text === 'global') return 'daemon'
  return mounts.some((mount) => mount.kind === 'volume' && !mount.readOnly) ? 'stateful' : 'stateless'
}

function profilesOf(context: ServiceContext): string[] {
  const tree = context.get('profiles')
  return tree === undefined ? [] : asItems(tree, 'profiles').map((item) => asText(item, 'profiles'))
}

function dependencies(context: ServiceContext): DraftDependency[] {
  const found = new Map<string, DraftDependency>()
  const tree = context.get('depends_on')
  for (const [service, how] of tree === undefined ? [] : asMapping(tree, 'depends_on').entries) {
    const component = known(context, service, how, 'depends_on')
    if (component === undefined) continue
    const condition = member(how, 'condition')
    const text = condition === undefined ? 'service_started' : asText(condition, 'depends_on.condition')
    const wait = { service_started: undefined, service_healthy: 'healthy', service_completed_successfully: 'completed' } as const
    if (!Object.hasOwn(wait, text)) throw composeFault(how.place, `depends_on.${service}: ${text} is no condition. Expected ${Object.keys(wait).join(', ')}.`)
    const required = member(how, 'required')
    const chosen = wait[text as keyof typeof wait]
    found.set(component, {
      component,
      ...(chosen === undefined ? {} : { wait: chosen }),
      ...(required !== undefined && !asBoolean(required, 'depends_on.required') ? { optional: true } : {}),
    })
  }
  for (const { service, tree: link } of serviceLinks(context)) {
    const component = known(context, service, link, 'links')
    if (component !== undefined && !found.has(component)) found.set(component, { component })
  }
  return [...found.values()]
}

function known(context: ServiceContext, service: string, tree: Tree, field: string): string | undefined {
  const component = context.components.get(service)
  if (component !== undefined) return component
  if (!context.project.services.has(service)) throw composeFault(tree.place, `${field}: there is no service ${service}.`)
  context.note('left-out', `${field}.${service}`, tree.place, `${service} was left out.`)
  return undefined
}

/** A link gives its service a further name; whoever uses that name means the service. */
function addLinkAliases(project: ComposeProject, drafts: Map<string, DraftComponent>, components: ReadonlyMap<string, string>): void {
  for (const tree of project.services.values()) {
    for (const item of asItems(member(tree, 'links') ?? { kind: 'sequence', items: [], place: tree.place }, 'links')) {
      const [service = '', alias] = asText(item, 'links').split(':')
      const draft = drafts.get(service)
      if (draft === undefined || alias === undefined || alias === draft.name || components.has(alias) || draft.hostNames.includes(alias)) continue
      drafts.set(service, { ...draft, hostNames: [...draft.hostNames, alias] })
    }
  }
}

function takeVolumesFrom(project: ComposeProject, drafts: Map<string, DraftComponent>, report: ImportReport, components: ReadonlyMap<string, string>): void {
  for (const [service, tree] of project.services) {
    const draft = drafts.get(service)
    for (const item of asItems(member(tree, 'volumes_from') ?? { kind: 'sequence', items: [], place: tree.place }, 'volumes_from')) {
      const [first = '', second, third] = asText(item, 'volumes_from').split(':')
      const from = first === 'container' ? undefined : drafts.get(first)
      if (draft === undefined) continue
      if (from === undefined) {
        report.refuse(
          {
            subject: `services.${service}.volumes_from`,
            where: formatPlace(item.place),
            message: `${first === 'container' ? (second ?? '') : first}: the volumes of a container outside the project can not be carried.`,
            leaveOut: `${components.get(service) ?? service}/volumes_from`,
          },
          components.get(service) ?? service,
        )
        continue
      }
      const readOnly = (first === 'container' ? third : second) === 'ro'
      const taken = new Set([...draft.mounts, ...draft.files].map(({ path }) => path))
      const mounts = from.mounts.filter(({ path }) => !taken.has(path)).map((mount) => (mount.kind === 'volume' && readOnly ? { ...mount, readOnly } : mount))
      const files = from.files.filter(({ path }) => !taken.has(path))
      drafts.set(service, { ...draft, mounts: [...draft.mounts, ...mounts], files: [...draft.files, ...files] })
    }
  }
}

/** Fields whose fate the conversion tells itself, with what it found. */
const TOLD_ELSEWHERE = new Set(['network_mode', 'volumes', 'configs', 'extra_hosts', 'ports', 'privileged', 'devices'])

function sayWhatIsLeftOut(context: ServiceContext): void {
  for (const [key, tree] of context.tree.entries) {
    if (isExtension(key) || (tree.kind === 'scalar' && tree.value === null)) continue
    const field = composeField(key)
    if (field === undefined)
      throw composeFault(
        tree.place,
        `services.${context.service}: ${key} is no field of the Compose specification.`,
        'Correct the name; extensions begin with x-.',
      )
    if (key === 'devices') {
      const list = asItems(tree, 'devices')
      if (list.length > 0) context.refuse('devices', tree.place, field.how)
    } else if (field.fate === 'refused' && !TOLD_ELSEWHERE.has(key)) {
      if (isMeant(key, tree)) context.refuse(key, tree.place, field.how)
    } else if (field.fate === 'left-out') {
      if (isMeant(key, tree)) context.note('left-out', key, tree.place, field.how)
    } else sayOfNested(context, key, tree, key)
  }
}

/** Values that ask for nothing. */
function isMeant(key: string, tree: Tree): boolean {
  if (tree.kind === 'mapping') return tree.entries.size > 0
  if (tree.kind === 'sequence') return tree.items.length > 0
  if (key === 'ipc' || key === 'cgroup') return !['private', 'shareable', 'none', ''].includes(String(tree.value))
  return tree.value !== false && tree.value !== 'false' && tree.value !== ''
}

function sayOfNested(context: ServiceContext, pattern: string, tree: Tree, path: string): void {
  if (tree.kind !== 'mapping' || !['deploy', 'networks', 'depends_on'].includes(path.split('.', 1)[0] ?? '')) return
  for (const [key, each] of tree.entries) {
    if (each.kind === 'scalar' && each.value === null) continue
    const names = path === 'networks' || path === 'depends_on'
    const deeper = `${pattern}.${names ? '*' : key}`
    const field = composeField(deeper)
    if (field?.fate === 'left-out') context.note('left-out', `${path}.${key}`, each.place, field.how)
    else sayOfNested(context, deeper, each, `${path}.${key}`)
  }
}

function sayWhatOfSections(project: ComposeProject, report: ImportReport): void {
  for (const [name, tree] of project.others) {
    if (isExtension(name)) continue
    if (name !== 'models') throw composeFault(tree.place, `${name} is no field of the Compose specification.`, 'Correct the name; extensions begin with x-.')
  }
  for (const [name, tree] of project.networks) {
    const external = member(tree, 'external')
    const where = formatPlace(tree.place)
    if (external !== undefined && (external.kind === 'mapping' || asBoolean(external, 'networks.external'))) {
      report.note({
        kind: 'left-out',
        subject: `networks.${name}`,
        where,
        message:
          'is made outside the project: what else is in it can not be reached from the application. Make such a thing a component with workload: external.',
      })
      continue
    }
    const settings = tree.kind === 'mapping' ? [...tree.entries.keys()].filter((key) => !['name', 'labels'].includes(key) && !isExtension(key)) : []
    if (settings.length > 0)
      report.note({ kind: 'left-out', subject: `networks.${name}`, where, message: `${settings.join(', ')}: the engine of the site decides.` })
  }
  const apart = [...project.networks.keys()].length > 1
  if (apart) {
    report.note({ kind: 'changed', subject: 'networks', message: 'all components of an installation share one network, and can reach one another.' })
  }
}
