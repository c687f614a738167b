import type { Digest } from '@sealift/oci/digest.ts'
import { formatPlatform, type Platform, platformMatches } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { parseByteSize } from '@sealift/template/byte-size.ts'
import { parseCpu } from '@sealift/template/cpu.ts'
import { waitOf } from '@sealift/template/dependency-wait.ts'
import { parseDuration } from '@sealift/template/duration.ts'
import type { Release } from '@sealift/template/release.ts'
import type { Check } from '@sealift/template/schema/check.ts'
import type { Component } from '@sealift/template/schema/component.ts'
import type { ConfigFile } from '@sealift/template/schema/config-file.ts'
import type { ConnectionValue } from '@sealift/template/schema/connection-value.ts'
import type { EnvVariable } from '@sealift/template/schema/env-variable.ts'
import { GENERATED_LENGTH } from '@sealift/template/schema/generate.ts'
import { HOOK_MOMENTS, type Hook, type Hooks } from '@sealift/template/schema/hooks.ts'
import type { InitContainer } from '@sealift/template/schema/init-container.ts'
import type { Parameter } from '@sealift/template/schema/parameter.ts'
import type { PluginUse } from '@sealift/template/schema/plugin.ts'
import type { Port } from '@sealift/template/schema/port.ts'
import type { Probe } from '@sealift/template/schema/probe.ts'
import type { Route } from '@sealift/template/schema/route.ts'
import type { Volume } from '@sealift/template/schema/volume.ts'
import type { HookDefinition, HookMoment, InitContainerDefinition, PluginDefinition, PortDefinition, ProgramDefinition } from './accompanying-containers.ts'
import { toJson } from './json.ts'
import { localImageName } from './local-image-name.ts'
import type { PinnedImage } from './pinned-image.ts'
import type { CheckState, ComponentDefinition, Dependency, ProbeDefinition, UpdateDefinition, VolumeDefinition } from './state.ts'
import type { VendorValue } from './value.ts'
import type { VendorComponent, VendorFile, VendorState } from './vendor-state.ts'

const DEFAULT_GATE = '300s'
const DEFAULT_GRACE = '10s'
const DEFAULT_HOOK_TIMEOUT = '300s'

/**
 * A release for one platform, every default filled in: what planning compares an installation with.
 * @param digest the release's identity
 * @throws SealiftError `PLATFORM_MISSING` where an image is not there for the platform
 */
export function vendorStateOf(release: Release, digest: Digest, platform: Platform): VendorState {
  const { template, application, version, sequence } = release
  const { requires = {} } = template
  const view = new ReleaseView(release, platform)
  return {
    release: { application, version, sequence, digest },
    ...(template.release?.upgradeFrom === undefined ? {} : { upgradeFrom: template.release.upgradeFrom }),
    requires: {
      ...(requires.disk === undefined ? {} : { disk: parseByteSize(requires.disk, 'requires: disk') }),
      ...(requires.memory === undefined ? {} : { memory: parseByteSize(requires.memory, 'requires: memory') }),
      ...(requires.cpu === undefined ? {} : { cpus: parseCpu(requires.cpu, 'requires: cpu') }),
      ports: requires.ports ?? [],
      architectures: requires.arch ?? [],
      ...(requires.engine === undefined ? {} : { engine: requires.engine }),
    },
    parameters: byName(template.parameters, (parameter) => ({ definition: parameter, value: parameterValue(parameter) })),
    modules: byName(template.modules, ({ name, title, default: isDefault = true, requires: required = [] }) => ({
      title: title ?? name,
      default: isDefault,
      requires: required,
    })),
    components: byName(template.components, (component) => view.component(component)),
    checks: byName(template.checks, (check) => view.check(check)),
    routes: Object.fromEntries((template.routes ?? []).map((route) => [routeName(route), toJson(route)])),
    alerts: (template.alerts ?? []).map(toJson),
  }
}

function byName<T extends { readonly name: string }, R>(items: readonly T[] | undefined, convert: (item: T) => R): Record<string, R> {
  return Object.fromEntries((items ?? []).map((item) => [item.name, convert(item)]))
}

function routeName({ name, host = '', path = '/', tcp }: Route): string {
  if (name !== undefined) return name
  return tcp === undefined ? `${host}${path}` : `tcp:${tcp.port}`
}

function parameterValue({ default: value, type }: Parameter): VendorValue | null {
  return value === undefined ? null : { expression: String(value), onUpgrade: 'keep', secret: type === 'secret' }
}

function envValue({ value, secret = false, onUpgrade = 'keep' }: EnvVariable): VendorValue {
  return { expression: value, onUpgrade, secret }
}

function ofGroup(value: VendorValue, group: string): VendorValue {
  return { ...value, group }
}

function connectionValue({ value = '', generate, secret = false, onUpgrade = 'keep' }: ConnectionValue): VendorValue {
  if (generate === undefined) return { expression: value, onUpgrade, secret }
  const { length = GENERATED_LENGTH.default, alphabet = 'alphanumeric', group } = generate
  return { expression: '', onUpgrade, secret: true, generate: { length, alphabet, ...(group === undefined ? {} : { group }) } }
}

function probeDefinition(probe: Probe | undefined): ProbeDefinition | undefined {
  if (probe === undefined) return undefined
  const { exec, http, tcp, initialDelay = '0s', interval = '5s', timeout = '5s', successThreshold = 1, failureThreshold = 3 } = probe
  if (exec === undefined && http === undefined && tcp === undefined) return undefined
  return {
    ...(exec === undefined ? {} : { exec }),
    ...(http === undefined ? {} : { http: { port: String(http.port), path: http.path ?? '/', scheme: http.scheme ?? 'http', headers: http.headers ?? {} } }),
    ...(tcp === undefined ? {} : { tcp: { port: String(tcp.port) } }),
    initialDelay: parseDuration(initialDelay),
    interval: parseDuration(interval),
    timeout: parseDuration(timeout),
    successThreshold,
    failureThreshold,
  }
}

function volumeDefinition({ path, kind = 'persistent', readOnly = false, size, from, access }: Volume): VolumeDefinition {
  return {
    path,
    kind,
    readOnly,
    ...(size === undefined ? {} : { size }),
    ...(from === undefined ? {} : { from }),
    carried: access === undefined ? {} : { access },
  }
}

function portDefinition({ port, protocol = 'tcp', public: open }: Omit<Port, 'name'>): PortDefinition {
  return {
    port,
    protocol,
    ...(open === undefined ? {} : { public: { kind: open.kind, hostPort: open.hostPort === undefined ? null : String(open.hostPort) } }),
  }
}

function programDefinition({ entrypoint, command, env }: Pick<Hook, 'entrypoint' | 'command' | 'env'>): ProgramDefinition {
  return {
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(command === undefined ? {} : { command }),
    env: byName(env, ({ value }) => value),
  }
}

function updateDefinition({ strategy, maxUnavailable = 1, maxSurge = 0 }: NonNullable<Component['update']>): UpdateDefinition {
  return { strategy, maxUnavailable, maxSurge }
}

/** The parts of a component that are carried as they are; the rest has a field of its own. */
const CARRIED = ['data', 'monitors', 'kubernetesObjects', 'configurationGroups'] as const satisfies readonly (keyof Component)[]

/** Converts the parts of a release. */
class ReleaseView {
  readonly #release: Release
  readonly #platform: Platform

  constructor(release: Release, platform: Platform) {
    this.#release = release
    this.#platform = platform
  }

  component(component: Component): VendorComponent {
    const { name, image, env = [], connection, files = [], volumes, ports, resources = {}, scaling = {} } = component
    const groups = (this.#release.template.configurationGroups ?? []).filter((group) => component.configurationGroups?.includes(group.name))
    const groupEnv = groups.flatMap((group) =>
      (group.env ?? []).map((variable): [string, VendorValue] => [variable.name, ofGroup(envValue(variable), group.name)]),
    )
    const groupFiles = groups.flatMap((group) =>
      (group.files ?? []).map((file): [string, VendorFile] => {
        const vendor = this.#file(file, name)
        return [file.path, { ...vendor, content: ofGroup(vendor.content, group.name) }]
      }),
    )
    return {
      definition: this.#definition(component),
      ...(image === undefined ? {} : { image: this.#image(image, `component ${name}`) }),
      env: { ...Object.fromEntries(groupEnv), ...byName(env, envValue) },
      connection: byName(connection, connectionValue),
      files: { ...Object.fromEntries(groupFiles), ...Object.fromEntries(files.map((file) => [file.path, this.#file(file, name)])) },
      volumes: byName(volumes, volumeDefinition),
      ports: byName(ports, portDefinition),
      cpu: resources.cpu ?? null,
      memory: resources.memory ?? null,
      replicas: scaling.initial ?? scaling.min ?? 1,
    }
  }

  check({ name, title, image, entrypoint, command, env, dependsOn, timeout = '300s' }: Check): CheckState {
    return {
      ...(title === undefined ? {} : { title }),
      image: this.#image(image, `check ${name}`),
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(command === undefined ? {} : { command }),
      env: byName(env, ({ value }) => value),
      dependsOn: this.#dependencies(dependsOn),
      timeout: parseDuration(timeout),
    }
  }

  #definition(component: Component): ComponentDefinition {
    const { module, workload, entrypoint, command, workingDir, hostname, user, group, stopSignal, stopGrace = DEFAULT_GRACE, privileged } = component
    const { capabilities, ulimits, sysctls, shmSize, extraHosts, dependsOn, probes = {}, rerun, address, scaling = {} } = component
    const [startup, readiness, liveness] = [probes.startup, probes.readiness, probes.liveness].map(probeDefinition)
    const carried = Object.fromEntries(CARRIED.flatMap((part) => (component[part] === undefined ? [] : [[part, toJson(component[part])] as const])))
    const { metric, minMemory, maxMemory, minCpu, maxCpu, min = 1, step = 1 } = scaling
    const { fsGroup, gpus, initContainers, plugins, hooks, update, stableIdentity, schedule, timezone } = component
    return {
      module: module ?? null,
      workload,
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(command === undefined ? {} : { command }),
      ...(workingDir === undefined ? {} : { workingDir }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(user === undefined && group === undefined ? {} : { user: group === undefined ? (user ?? '') : `${user ?? '0'}:${group}` }),
      ...(stopSignal === undefined ? {} : { stopSignal }),
      stopGrace: parseDuration(stopGrace),
      ...(privileged === undefined ? {} : { privileged: true }),
      ...(capabilities === undefined ? {} : { capabilities: { add: capabilities.add ?? [], drop: capabilities.drop ?? [] } }),
      ...(ulimits === undefined ? {} : { ulimits }),
      ...(sysctls === undefined ? {} : { sysctls }),
      ...(shmSize === undefined ? {} : { shmSize: parseByteSize(shmSize) }),
      ...(extraHosts === undefined ? {} : { extraHosts }),
      ...(fsGroup === undefined ? {} : { fsGroup }),
      ...(gpus === undefined ? {} : { gpus: { count: gpus.count, vendor: gpus.vendor ?? 'nvidia' } }),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map((init) => this.#initContainer(init, component.name)) }),
      ...(plugins === undefined ? {} : { plugins: plugins.map((use) => this.#plugin(use, component.name)) }),
      ...(hooks === undefined ? {} : { hooks: this.#hooks(hooks, component.name) }),
      ...(update === undefined ? {} : { update: updateDefinition(update) }),
      ...(stableIdentity === undefined ? {} : { stableIdentity }),
      ...(schedule === undefined ? {} : { schedule }),
      ...(timezone === undefined ? {} : { timezone }),
      dependsOn: this.#dependencies(dependsOn),
      probes: {
        ...(startup === undefined ? {} : { startup }),
        ...(readiness === undefined ? {} : { readiness }),
        ...(liveness === undefined ? {} : { liveness }),
      },
      ...(workload === 'job' ? { rerun: rerun ?? 'onChange' } : {}),
      ...(address === undefined ? {} : { address }),
      scaling: {
        min,
        max: Math.max(scaling.max ?? 1, min),
        step,
        ...(minMemory === undefined ? {} : { minMemory }),
        ...(maxMemory === undefined ? {} : { maxMemory }),
        ...(minCpu === undefined ? {} : { minCpu }),
        ...(maxCpu === undefined ? {} : { maxCpu }),
      },
      gate: parseDuration(probes.gate ?? DEFAULT_GATE),
      carried: {
        ...carried,
        ...(metric === undefined ? {} : { scaling: toJson({ metric }) }),
        ...(privileged === undefined ? {} : { privilegedReason: privileged.reason }),
      },
    }
  }

  #initContainer({ name, image, user, ...program }: InitContainer, component: string): InitContainerDefinition {
    return {
      name,
      ...(image === undefined ? {} : { image: this.#image(image, `component ${component}: init container ${name}`) }),
      ...(user === undefined ? {} : { user }),
      ...programDefinition(program),
    }
  }

  #plugin({ name, config: replaced }: PluginUse, component: string): PluginDefinition {
    const plugin = this.#release.template.plugins?.find((plugin) => plugin.name === name)
    if (plugin === undefined) throw new SealiftError('RELEASE_INVALID', `component ${component}: the release has no plugin ${name}`)
    const { version, image, ports, resources = {}, config } = plugin
    return {
      name,
      version,
      image: this.#image(image, `plugin ${name}`),
      ...programDefinition(plugin),
      ports: (ports ?? []).map(({ name, ...port }) => ({ name, ...portDefinition(port) })),
      ...(resources.cpu === undefined ? {} : { cpu: resources.cpu }),
      ...(resources.memory === undefined ? {} : { memory: resources.memory }),
      config: toJson({ ...config, ...replaced }) as PluginDefinition['config'],
    }
  }

  #hooks(hooks: Hooks, component: string): NonNullable<ComponentDefinition['hooks']> {
    const entries = HOOK_MOMENTS.flatMap((moment): readonly (readonly [HookMoment, HookDefinition])[] => {
      const hook = hooks[moment]
      if (hook === undefined) return []
      const { image, timeout = DEFAULT_HOOK_TIMEOUT, idempotent = false } = hook
      const pinned = image === undefined ? {} : { image: this.#image(image, `component ${component}: hook ${moment}`) }
      return [[moment, { ...pinned, ...programDefinition(hook), timeout: parseDuration(timeout), idempotent }]]
    })
    return Object.fromEntries(entries)
  }

  #dependencies(dependsOn: Component['dependsOn']): readonly Dependency[] {
    return (dependsOn ?? []).map((dependency) => {
      const { component, prefix = '', inject = true, optional = false } = dependency
      return { component, prefix, inject, wait: waitOf(dependency, this.#release.template), optional }
    })
  }

  #file({ source, mode = '0644', template = false, uid, gid, secret = false, onUpgrade = 'keep' }: ConfigFile, component: string): VendorFile {
    const file = this.#release.files[source]
    if (file === undefined) throw new SealiftError('CONTENT_MISSING', `component ${component}: the release has no file ${source}`)
    return {
      content: { expression: file.digest, onUpgrade, secret },
      mode: Number.parseInt(mode, 8),
      template,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    }
  }

  #image(text: string, where: string): PinnedImage {
    const { version, application } = this.#release
    const image = this.#release.images[text]
    const found = image?.platforms.find(({ platform }) => platformMatches(platform, this.#platform))
    if (image === undefined || found === undefined) {
      const there = image?.platforms.map(({ platform }) => formatPlatform(platform)).join(', ') ?? 'none'
      throw new SealiftError(
        'PLATFORM_MISSING',
        `${application} ${version}: ${where}: image ${text} is wanted for ${formatPlatform(this.#platform)}, the release has it for ${there}`,
      )
    }
    return {
      reference: text,
      localName: localImageName(image.reference, found.config.digest),
      manifest: found.manifest.digest,
      config: found.config.digest,
      layers: found.layers.map(({ digest, size }) => ({ digest, size })),
    }
  }
}
