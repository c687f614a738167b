import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseByteSize } from '@sealift/template/byte-size.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { parseCpu } from '@sealift/template/cpu.ts'
import type { HookMoment, PluginDefinition, ProgramDefinition } from './accompanying-containers.ts'
import type { ProbeAction, RunOnce } from './driver.ts'
import { decodeFileSecret } from './file-secret.ts'
import type { Json } from './json.ts'
import type { PinnedImage } from './pinned-image.ts'
import { Scope, type SecretLookup, secretNames } from './scope.ts'
import { type ComponentState, type PortDefinition, type ProbeDefinition, volumeDefinition, type WantedState } from './state.ts'
import type { Value } from './value.ts'
import { type VolumeIdentity, volumeIdentity } from './volume-identity.ts'
import {
  replicaHash,
  type WantedComponent,
  type WantedFile,
  type WantedImage,
  type WantedInitContainer,
  type WantedPlugin,
  type WantedPort,
  type WantedVolume,
} from './wanted-component.ts'

/** Seconds. */
const DEFAULT_INIT_TIMEOUT = 300

/** The contents of files, by digest. */
export type FileContents = ReadonlyMap<string, Buffer>

/** What a state is resolved with. */
export interface ResolveContext {
  /** The name under which the target knows the installation: unique there. */
  readonly installation: string
  readonly state: WantedState
  readonly contents: FileContents
}

/** A probe with every value substituted. Times in seconds. */
export interface ResolvedProbe {
  readonly action: ProbeAction
  readonly initialDelay: number
  readonly interval: number
  readonly timeout: number
  readonly successThreshold: number
  readonly failureThreshold: number
}

/** The probes of a component. */
export interface ResolvedProbes {
  readonly startup?: ResolvedProbe
  readonly readiness?: ResolvedProbe
  readonly liveness?: ResolvedProbe
}

/** An image as drivers take it. */
export function wantedImage({ reference, localName, config, layers }: PinnedImage): WantedImage {
  return { reference, localName, config, diffIds: layers.map(({ digest }) => digest) }
}

/** The name at the target of a volume. The generation is part of it, so that a restore never writes over what is there. */
export function volumeTargetName(installation: string, { component, volume, generation }: VolumeIdentity): string {
  return `${installation}.${component}.${volume}.${generation}`
}

function componentOf(state: WantedState, name: string): ComponentState {
  const component = state.components[name]
  if (component === undefined) throw new TypeError(`no component ${name} in the state`)
  return component
}

/** The key of a port in the allocations of a state: a component's own, or that of one of its plugins. */
export function portKey(component: string, port: string, plugin?: string): string {
  return plugin === undefined ? `${component}/${port}` : `${component}/${plugin}/${port}`
}

/** A port with the number that the host publishes it at. */
function resolvePort(
  { state }: ResolveContext,
  component: string,
  name: string,
  { port, protocol, public: open }: PortDefinition,
  plugin?: string,
): WantedPort {
  if (open === undefined) return { name, port, protocol }
  const where = plugin === undefined ? `component ${component}: port ${name}` : `component ${component}: plugin ${plugin}: port ${name}`
  const hostPort =
    open.hostPort === null
      ? state.allocations.hostPorts[portKey(component, name, plugin)]
      : parseHostPort(new Scope(state, secretNames).text(open.hostPort, component, where), where)
  return { name, port, protocol, ...(hostPort === undefined ? {} : { hostPort }) }
}

/** The ports of a component with the numbers that the host publishes them at. */
export function componentPorts(context: ResolveContext, name: string): readonly WantedPort[] {
  return Object.entries(componentOf(context.state, name).ports).map(([port, definition]) => resolvePort(context, name, port, definition))
}

/** The ports that the plugins of a component open in its network. */
export function pluginPorts(context: ResolveContext, name: string): readonly WantedPort[] {
  const plugins = componentOf(context.state, name).definition.plugins ?? []
  return plugins.flatMap((plugin) => plugin.ports.map((port) => resolvePort(context, name, port.name, port, plugin.name)))
}

/**
 * Reads the number of a host port.
 * @throws SealiftError `PORT_INVALID`
 */
export function parseHostPort(text: string, where: string): number {
  const port = Number(text)
  if (/^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new SealiftError('PORT_INVALID', `${where}: the host port is ${JSON.stringify(text)}, expected a number from 1 to 65535`)
}

/** The volumes of a component with their names at the target. @throws SealiftError `VALUE_UNRESOLVED` */
export function componentVolumes({ installation, state }: ResolveContext, name: string): readonly WantedVolume[] {
  const { stableIdentity } = componentOf(state, name).definition
  return Object.entries(componentOf(state, name).volumes).map(([volume, volumeState]): WantedVolume => {
    const { path, kind, readOnly, size, from, carried } = volumeDefinition(volumeState)
    const source = from === undefined ? volumeState : state.components[from.component]?.volumes[from.volume]
    if (source === undefined) {
      throw new SealiftError('VALUE_UNRESOLVED', `component ${name}: volume ${volume} comes from ${from?.component}/${from?.volume}, which is not there`)
    }
    return {
      name: volume,
      targetName: volumeTargetName(installation, volumeIdentity(from?.component ?? name, from?.volume ?? volume, source)),
      path,
      readOnly,
      kind,
      ...(size === undefined ? {} : { size: parseByteSize(size, `component ${name}: size of volume ${volume}`) }),
      ...(stableIdentity && kind === 'persistent' && from === undefined && carried.access !== 'shared' ? { perReplica: true } : {}),
    }
  })
}

/** The content of a file before substitution. For one in the vault without its secret: what tells it apart, and what it depends on. */
function fileContent(scope: Scope, { contents }: ResolveContext, { secretId, uses = '', expression }: Value, where: string): Buffer {
  if (secretId !== undefined) {
    const text = scope.secret(secretId)
    return text === secretNames(secretId) ? Buffer.from(`${text}${uses}`) : decodeFileSecret(text)
  }
  const bytes = contents.get(expression)
  if (bytes === undefined) throw new SealiftError('CONTENT_MISSING', `${where}: its content ${expression} is not in the store`)
  return bytes
}

function resolveFiles(scope: Scope, context: ResolveContext, name: string): readonly WantedFile[] {
  return Object.entries(componentOf(context.state, name).files).map(([path, { content, mode, template, uid, gid }]): WantedFile => {
    const where = `component ${name}: file ${path}`
    const bytes = fileContent(scope, context, content, where)
    return {
      path,
      content: template ? scope.bytes(bytes, name, where) : bytes,
      mode,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    }
  })
}

function resolveEnv(scope: Scope, { state }: ResolveContext, name: string): Record<string, string> {
  const { env, definition } = componentOf(state, name)
  const own = Object.entries(env).map(([variable, value]) => [variable, scope.value(value, name, `component ${name}: variable ${variable}`)])
  return { ...scope.injected(definition.dependsOn), ...Object.fromEntries(own) }
}

function resolveProgram(scope: Scope, { entrypoint, command }: Pick<ProgramDefinition, 'entrypoint' | 'command'>, name: string, where: string) {
  const texts = (items: readonly string[], what: string): readonly string[] => items.map((text) => scope.text(text, name, `${where}: ${what}`))
  return {
    ...(entrypoint === undefined ? {} : { entrypoint: texts(entrypoint, 'entrypoint') }),
    ...(command === undefined ? {} : { command: texts(command, 'command') }),
  }
}

function resolveVariables(scope: Scope, variables: Readonly<Record<string, string>>, name: string, where: string): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([variable, text]) => [variable, scope.text(text, name, `${where} ${variable}`)]))
}

function resolveInitContainers(context: ResolveContext, scope: Scope, name: string): readonly WantedInitContainer[] {
  const { definition, image } = componentOf(context.state, name)
  return (definition.initContainers ?? []).map((init): WantedInitContainer => {
    const where = `component ${name}: init container ${init.name}`
    const pinned = init.image ?? image
    if (pinned === undefined) throw new TypeError(`${where} has no image`)
    // A user is one of an image: another one may not know it.
    const user = init.user ?? (init.image === undefined ? definition.user : undefined)
    return {
      name: init.name,
      image: wantedImage(pinned),
      ...resolveProgram(scope, init, name, where),
      env: { ...resolveEnv(scope, context, name), ...resolveVariables(scope, init.env, name, `${where}: variable`) },
      ...(user === undefined ? {} : { user }),
    }
  })
}

function substituted(value: Json, substitute: (text: string) => string): Json {
  if (typeof value === 'string') return substitute(value)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => substituted(item, substitute))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substituted(member, substitute)]))
}

function buildPlugin(context: ResolveContext, scope: Scope, name: string, plugin: PluginDefinition): Omit<WantedPlugin, 'hash'> {
  const where = `component ${name}: plugin ${plugin.name}`
  const config = substituted(plugin.config, (text) => scope.text(text, name, `${where}: configuration`))
  return {
    name: plugin.name,
    image: wantedImage(plugin.image),
    ...resolveProgram(scope, plugin, name, where),
    env: { ...resolveVariables(scope, plugin.env, name, `${where}: variable`), SEALIFT_PLUGIN_CONFIG: canonicalJson(config) },
    ports: plugin.ports.map((port) => resolvePort(context, name, port.name, port, plugin.name)),
    ...(plugin.cpu === undefined ? {} : { cpu: parseCpu(plugin.cpu, `${where}: cpu`) }),
    ...(plugin.memory === undefined ? {} : { memory: parseByteSize(plugin.memory, `${where}: memory`) }),
  }
}

/** The plugins of a component with the given secrets, each with a hash that is made over the names of secrets. */
function resolvePlugins(context: ResolveContext, name: string, secret: SecretLookup): readonly WantedPlugin[] {
  const { workload, plugins = [] } = componentOf(context.state, name).definition
  // Beside a program that runs to its end they would never end.
  if (workload === 'job' || workload === 'cron') return []
  const named = new Scope(context.state, secretNames)
  return plugins.map((plugin) => {
    const { image, ...rest } = buildPlugin(context, named, name, plugin)
    const hash = digestOf(canonicalJson({ ...rest, image: image.config })).slice('sha256:'.length)
    return { ...buildPlugin(context, new Scope(context.state, secret), name, plugin), hash }
  })
}

/** The component's own containers with the given secrets: all but plugins and hashes. */
function build(context: ResolveContext, name: string, secret: SecretLookup): Omit<WantedComponent, 'hash'> {
  const { state, installation } = context
  const component = componentOf(state, name)
  const { definition, image } = component
  const { workload, workingDir, hostname, user, stopSignal, shmSize } = definition
  if (workload === 'external' || image === undefined) throw new TypeError(`component ${name} is external and runs nowhere`)
  const scope = new Scope(state, secret)
  const labels: Record<string, string> = { 'sealift.application': state.release.application }
  // A job that is to run with every release differs with every release.
  if (workload === 'job' && definition.rerun === 'always') labels['sealift.run'] = state.release.digest
  return {
    installation,
    name,
    workload,
    image: wantedImage(image),
    ...resolveProgram(scope, definition, name, `component ${name}`),
    ...(workingDir === undefined ? {} : { workingDir }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(user === undefined ? {} : { user }),
    env: resolveEnv(scope, context, name),
    ports: componentPorts(context, name),
    volumes: componentVolumes(context, name),
    files: resolveFiles(scope, context, name),
    ...(component.cpu.value === null ? {} : { cpu: parseCpu(component.cpu.value, `component ${name}: cpu`) }),
    ...(component.memory.value === null ? {} : { memory: parseByteSize(component.memory.value, `component ${name}: memory`) }),
    ...(shmSize === undefined ? {} : { shmSize }),
    replicas: component.replicas.value,
    ...(stopSignal === undefined ? {} : { stopSignal }),
    stopGrace: definition.stopGrace ?? 10,
    privileged: definition.privileged ?? false,
    capabilities: definition.capabilities ?? { add: [], drop: [] },
    ulimits: definition.ulimits ?? {},
    sysctls: definition.sysctls ?? {},
    extraHosts: resolveVariables(scope, definition.extraHosts ?? {}, name, `component ${name}: extra host`),
    labels,
    ...(definition.fsGroup === undefined ? {} : { fsGroup: definition.fsGroup }),
    ...(definition.gpus === undefined ? {} : { gpus: definition.gpus }),
    ...(definition.initContainers === undefined ? {} : { initContainers: resolveInitContainers(context, scope, name) }),
  }
}

function ownHash(component: Omit<WantedComponent, 'hash'>): string {
  // The image's local name and reference are labels; its config says what runs.
  const { image, files, initContainers, ...rest } = component
  const content = files.map(({ content, ...file }) => ({ ...file, content: digestOf(content) }))
  const inits = initContainers?.map(({ image, ...init }) => ({ ...init, image: image.config }))
  // More or fewer replicas change none of those that stay.
  const what = { ...rest, replicas: 1, image: image.config, files: content, initContainers: inits }
  return digestOf(canonicalJson(what)).slice('sha256:'.length)
}

/**
 * The hash that replicas of a component have once they are as wanted. It is made over the names of
 * secrets, not their values: a plan can be made without opening the vault, and a label at the target
 * tells nothing of them.
 * @throws SealiftError `VALUE_UNRESOLVED`, `QUANTITY_INVALID`, `PORT_INVALID`, `CONTENT_MISSING`
 */
export function componentHash(context: ResolveContext, name: string): string {
  return replicaHash(ownHash(build(context, name, secretNames)), resolvePlugins(context, name, secretNames))
}

/**
 * What is run for a component, with every value substituted, secrets too: never log it.
 * @throws SealiftError as {@link componentHash}
 */
export function resolveComponent(context: ResolveContext, name: string, secret: SecretLookup): WantedComponent {
  const plugins = resolvePlugins(context, name, secret)
  return {
    ...build(context, name, secret),
    hash: ownHash(build(context, name, secretNames)),
    ...(plugins.length === 0 ? {} : { plugins }),
    initTimeout: componentOf(context.state, name).definition.gate ?? DEFAULT_INIT_TIMEOUT,
  }
}

function portNumber(text: string, ports: ComponentState['ports'], where: string): number {
  const named = ports[text]
  return named === undefined ? parseHostPort(text, where) : named.port
}

function resolveProbe(scope: Scope, component: ComponentState, name: string, probe: ProbeDefinition): ResolvedProbe | undefined {
  const { exec, http, tcp, ...times } = probe
  const where = `component ${name}: probe`
  if (exec !== undefined) return { action: { kind: 'exec', command: exec.map((word) => scope.text(word, name, where)) }, ...times }
  if (http !== undefined) {
    const headers = Object.fromEntries(Object.entries(http.headers).map(([header, value]) => [header, scope.text(value, name, where)]))
    const port = portNumber(scope.text(http.port, name, where), component.ports, where)
    return { action: { kind: 'http', port, path: scope.text(http.path, name, where), scheme: http.scheme, headers }, ...times }
  }
  if (tcp !== undefined) return { action: { kind: 'tcp', port: portNumber(scope.text(tcp.port, name, where), component.ports, where) }, ...times }
  return undefined
}

/** The probes of a component with every value substituted. */
export function resolveProbes({ state }: ResolveContext, name: string, secret: SecretLookup): ResolvedProbes {
  const component = componentOf(state, name)
  const scope = new Scope(state, secret)
  const probes: { -readonly [Kind in keyof ResolvedProbes]: ResolvedProbes[Kind] } = {}
  for (const kind of ['startup', 'readiness', 'liveness'] as const) {
    const definition = component.definition.probes[kind]
    const probe = definition === undefined ? undefined : resolveProbe(scope, component, name, definition)
    if (probe !== undefined) probes[kind] = probe
  }
  return probes
}

/** Where something is that the site has itself. @throws SealiftError `VALUE_UNRESOLVED` */
export function resolveAddress({ state }: ResolveContext, name: string, secret: SecretLookup): string {
  return new Scope(state, secret).text(componentOf(state, name).definition.address ?? '', null, `component ${name}: address`)
}

/** The name of a one-off container: a DNS label, however long what it is made from. */
function runName(name: string): string {
  return name.length <= 63 ? name : `${name.slice(0, 50)}-${digestOf(name).slice(7, 19)}`
}

/** The name of the container that a hook runs in. */
export function hookRunName(component: string, moment: HookMoment): string {
  return runName(`hook-${moment.toLowerCase()}-${component}`)
}

/** What is run for an acceptance check. */
export function resolveCheck({ installation, state }: ResolveContext, name: string, secret: SecretLookup): RunOnce {
  const check = state.checks[name]
  if (check === undefined) throw new TypeError(`no check ${name} in the state`)
  const scope = new Scope(state, secret)
  const where = `check ${name}`
  const env = Object.fromEntries(Object.entries(check.env).map(([variable, text]) => [variable, scope.text(text, null, `${where}: variable ${variable}`)]))
  return {
    installation,
    name: runName(`check-${name}`),
    image: wantedImage(check.image),
    ...(check.entrypoint === undefined ? {} : { entrypoint: check.entrypoint.map((word) => scope.text(word, null, where)) }),
    ...(check.command === undefined ? {} : { command: check.command.map((word) => scope.text(word, null, where)) }),
    env: { ...scope.injected(check.dependsOn), ...env },
    timeout: check.timeout,
  }
}

/**
 * What is run for a component at a moment of a change: with its variables, files and volumes.
 * Undefined where it has no hook for it.
 * @throws SealiftError as {@link componentHash}
 */
export function resolveHook(context: ResolveContext, name: string, moment: HookMoment, secret: SecretLookup): RunOnce | undefined {
  const { definition, image } = componentOf(context.state, name)
  const hook = definition.hooks?.[moment]
  if (hook === undefined) return undefined
  const own = hook.image ?? image
  if (own === undefined) throw new TypeError(`component ${name} is external and has no hooks`)
  const scope = new Scope(context.state, secret)
  const where = `component ${name}: hook ${moment}`
  const { user, workingDir, extraHosts, fsGroup } = definition
  return {
    installation: context.installation,
    name: hookRunName(name, moment),
    component: name,
    image: wantedImage(own),
    ...resolveProgram(scope, hook, name, where),
    env: { ...resolveEnv(scope, context, name), ...resolveVariables(scope, hook.env, name, where) },
    // Users and folders are those of an image: another one may know neither.
    ...(user === undefined || hook.image !== undefined ? {} : { user }),
    ...(workingDir === undefined || hook.image !== undefined ? {} : { workingDir }),
    volumes: componentVolumes(context, name),
    files: resolveFiles(scope, context, name),
    ...(extraHosts === undefined ? {} : { extraHosts: resolveVariables(scope, extraHosts, name, `component ${name}: extra host`) }),
    ...(fsGroup === undefined ? {} : { group: fsGroup }),
    timeout: hook.timeout,
  }
}

/** The digests of those file contents that a context still lacks. */
export function missingContents(digests: ReadonlySet<Digest>, contents: FileContents): readonly Digest[] {
  return [...digests].filter((digest) => !contents.has(digest))
}
