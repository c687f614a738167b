import { labelOf } from '../component-name.ts'
import type { DraftSettings } from '../draft/draft.ts'
import { formatTemplateCpu, formatTemplateDuration, formatTemplateSize, parseComposeSize, parseGoDuration } from '../draft/quantities.ts'
import type { ServiceContext } from './service-context.ts'
import { asBoolean, asItems, asMapping, asNumber, asText, composeFault, member, type Tree } from './tree.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** @throws SealiftError `COMPOSE_INVALID` */
export function composeDuration(tree: Tree, what: string): number {
  const text = asText(tree, what)
  const seconds = parseGoDuration(text)
  if (seconds === undefined) throw composeFault(tree.place, `${what}: expected a duration such as 1m30s, found ${JSON.stringify(text)}.`)
  return seconds
}

/** Bytes. @throws SealiftError `COMPOSE_INVALID` */
export function composeSize(tree: Tree, what: string): number {
  const text = asText(tree, what)
  const bytes = parseComposeSize(text)
  if (bytes === undefined) throw composeFault(tree.place, `${what}: expected a size such as 512m, found ${JSON.stringify(text)}.`)
  return bytes
}

/** The fields of a service that a template has under another name, or in another form. @throws SealiftError `COMPOSE_INVALID` */
export function serviceSettings(context: ServiceContext, workload: 'stateless' | 'stateful' | 'daemon' | 'job'): DraftSettings {
  const settings: Mutable<DraftSettings> = {}
  const text = (key: string): string | undefined => {
    const tree = context.get(key)
    return tree === undefined ? undefined : asText(tree, key)
  }
  const workingDir = text('working_dir')
  if (workingDir !== undefined) settings.workingDir = workingDir
  setUser(settings, text('user'))
  setHostname(context, settings)
  setRights(context, settings)
  const sysctls = context.get('sysctls')
  if (sysctls !== undefined)
    settings.sysctls = Object.fromEntries([...asMapping(sysctls, 'sysctls').entries].map(([name, value]) => [name, asText(value, name)]))
  setUlimits(context, settings)
  const shm = context.get('shm_size')
  if (shm !== undefined) settings.shmSize = formatTemplateSize(composeSize(shm, 'shm_size'))
  setExtraHosts(context, settings)
  const signal = text('stop_signal')
  if (signal !== undefined) settings.stopSignal = /^(SIG|\d)/.test(signal) ? signal : `SIG${signal}`
  const grace = context.get('stop_grace_period')
  if (grace !== undefined) settings.stopGrace = formatTemplateDuration(composeDuration(grace, 'stop_grace_period'))
  setResources(context, settings)
  setGpus(context, settings)
  if (workload !== 'job') setScale(context, settings, workload)
  return settings
}

function setUser(settings: Mutable<DraftSettings>, user: string | undefined): void {
  if (user === undefined || user === '') return
  const colon = user.indexOf(':')
  settings.user = colon < 0 ? user : user.slice(0, colon)
  if (colon >= 0 && colon < user.length - 1) settings.group = user.slice(colon + 1)
}

function setHostname(context: ServiceContext, settings: Mutable<DraftSettings>): void {
  const tree = context.get('hostname')
  if (tree === undefined) return
  const hostname = asText(tree, 'hostname')
  const label = labelOf(hostname, context.component)
  settings.hostname = label
  if (label !== hostname) context.note('changed', 'hostname', tree.place, `${hostname} is no DNS label; it is ${label} now.`)
}

function setRights(context: ServiceContext, settings: Mutable<DraftSettings>): void {
  const names = (key: string): string[] => {
    const tree = context.get(key)
    return tree === undefined ? [] : asItems(tree, key).map((item) => asText(item, key).toUpperCase().replace(/^CAP_/, ''))
  }
  const [add, drop] = [names('cap_add'), names('cap_drop')]
  if (add.length > 0 || drop.length > 0) settings.capabilities = { ...(add.length > 0 ? { add } : {}), ...(drop.length > 0 ? { drop } : {}) }
  const privileged = context.get('privileged')
  if (privileged !== undefined && asBoolean(privileged, 'privileged')) {
    settings.privileged = { reason: `The Compose file of ${context.project.name ?? 'the project'} runs ${context.service} with all rights.` }
    context.note('changed', 'privileged', privileged.place, 'a site is shown the reason before it installs: write it under privileged.reason.')
  }
}

function setUlimits(context: ServiceContext, settings: Mutable<DraftSettings>): void {
  const tree = context.get('ulimits')
  if (tree === undefined) return
  settings.ulimits = Object.fromEntries(
    [...asMapping(tree, 'ulimits').entries].map(([name, limit]) => {
      const soft = member(limit, 'soft') ?? member(limit, 'hard')
      const hard = member(limit, 'hard') ?? soft
      if (soft === undefined || hard === undefined) throw composeFault(limit.place, `ulimits.${name}: has neither soft nor hard.`)
      return [name, { soft: asNumber(soft, `ulimits.${name}`), hard: asNumber(hard, `ulimits.${name}`) }]
    }),
  )
}

function setExtraHosts(context: ServiceContext, settings: Mutable<DraftSettings>): void {
  const tree = context.get('extra_hosts')
  if (tree === undefined) return
  const hosts: Record<string, string> = {}
  for (const [host, addresses] of asMapping(tree, 'extra_hosts').entries) {
    const [first, ...more] = asItems(addresses, 'extra_hosts').map((item) => asText(item, 'extra_hosts'))
    if (first === 'host-gateway') {
      context.note(
        'left-out',
        `extra_hosts.${host}`,
        addresses.place,
        'host-gateway is the address of one host. What runs there is a component with workload: external, which a site gives the address of.',
      )
      continue
    }
    if (more.length > 0) context.note('changed', `extra_hosts.${host}`, addresses.place, `has several addresses; ${first} is taken.`)
    if (first !== undefined) hosts[host] = first
  }
  if (Object.keys(hosts).length > 0) settings.extraHosts = hosts
}

function setResources(context: ServiceContext, settings: Mutable<DraftSettings>): void {
  const limits = ['deploy', 'resources', 'limits'] as const
  const memory = context.get(...limits, 'memory') ?? context.get('mem_limit')
  const cpus = context.get(...limits, 'cpus') ?? context.get('cpus') ?? context.get('cpu_count')
  const quota = context.get('cpu_quota')
  const period = context.get('cpu_period')
  const bytes = memory === undefined ? 0 : composeSize(memory, 'memory')
  let cores = cpus === undefined ? 0 : asNumber(cpus, 'cpus')
  if (cores === 0 && quota !== undefined) cores = Math.max(0, microseconds(quota)) / (period === undefined ? 100_000 : microseconds(period))
  if (bytes > 0 || cores > 0) {
    settings.resources = { ...(cores > 0 ? { cpu: formatTemplateCpu(cores) } : {}), ...(bytes > 0 ? { memory: formatTemplateSize(bytes) } : {}) }
  }
}

/** A time of the scheduler: a number of microseconds, or a duration. */
function microseconds(tree: Tree): number {
  const text = asText(tree, 'cpu_quota')
  return /^-?\d+$/.test(text) ? Number(text) : composeDuration(tree, 'cpu_quota') * 1e6
}

function setGpus(context: ServiceContext, settings: Mutable<DraftSettings>): void {
  const reserved = context.get('deploy', 'resources', 'reservations', 'devices')
  const gpus = context.get('gpus')
  const requests = [...(reserved === undefined ? [] : asItems(reserved, 'devices')), ...(gpus?.kind === 'sequence' ? gpus.items : [])]
  let count = gpus?.kind === 'scalar' ? countOf(gpus) : 0
  let vendor: 'nvidia' | 'amd' | 'intel' = 'nvidia'
  for (const request of requests) {
    const capabilities = member(request, 'capabilities')
    const isGpu = capabilities === undefined || asItems(capabilities, 'capabilities').some((each) => asText(each, 'capabilities') === 'gpu')
    if (!isGpu) {
      context.refuse('devices', request.place, 'deploy.resources.reservations.devices: only devices with the capability gpu can be carried.')
      continue
    }
    const ids = member(request, 'device_ids')
    const wanted = member(request, 'count')
    count += ids === undefined ? (wanted === undefined ? 1 : countOf(wanted)) : asItems(ids, 'device_ids').length
    if (ids !== undefined)
      context.note(
        'changed',
        'deploy.resources.reservations.devices.device_ids',
        ids.place,
        'names devices of one host; as many of them are asked for, whichever they are.',
      )
    const driver = member(request, 'driver')
    const name = driver === undefined ? '' : asText(driver, 'driver')
    if (name === 'amd' || name === 'intel') vendor = name
  }
  if (count > 0) settings.gpus = { count: Math.min(64, count), ...(vendor === 'nvidia' ? {} : { vendor }) }
}

function countOf(tree: Tree): number {
  const text = asText(tree, 'count')
  return text === 'all' ? 1 : asNumber(tree, 'count')
}

function setScale(context: ServiceContext, settings: Mutable<DraftSettings>, workload: 'stateless' | 'stateful' | 'daemon'): void {
  const tree = context.get('deploy', 'replicas') ?? context.get('scale')
  const replicas = tree === undefined ? 1 : asNumber(tree, 'replicas')
  if (workload !== 'daemon' && replicas !== 1) settings.scaling = { min: Math.min(1, replicas), max: Math.max(1, replicas), initial: replicas }
  const update = context.get('deploy', 'update_config')
  if (update === undefined) return
  const parallelism = member(update, 'parallelism')
  const order = member(update, 'order')
  const count = parallelism === undefined ? 1 : asNumber(parallelism, 'parallelism')
  settings.update =
    count === 0
      ? { strategy: 'recreate' }
      : {
          strategy: 'rolling',
          ...(order !== undefined && asText(order, 'order') === 'start-first' ? { maxSurge: count, maxUnavailable: 0 } : { maxUnavailable: count }),
        }
}
