import { labelOf } from '../component-name.ts'
import type { DraftSettings } from '../draft/draft.ts'
import { formatTemplateCpu, formatTemplateDuration, formatTemplateSize } from '../draft/quantities.ts'
import type { ImageFacts } from '../image-facts.ts'
import type { ContainerFacts } from './container-facts.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What an engine gives every container that asks for nothing. */
const DEFAULT_SHM = 64 * 2 ** 20

/** The fields of a container that a template has in another form, where they differ from the image's. */
export function containerSettings({ Id, Name, Config, HostConfig }: ContainerFacts, facts: ImageFacts | undefined): DraftSettings {
  const settings: Mutable<DraftSettings> = {}
  const { User = '', WorkingDir = '', Hostname = '', StopSignal = '', StopTimeout } = Config
  if (User !== '' && User !== facts?.user) {
    const [user = '', group] = User.split(':')
    settings.user = user
    if (group !== undefined && group !== '') settings.group = group
  }
  if (WorkingDir !== '' && WorkingDir !== '/' && WorkingDir !== facts?.workingDir) settings.workingDir = WorkingDir
  if (Hostname !== '' && !Id.startsWith(Hostname)) settings.hostname = labelOf(Hostname)
  if (StopSignal !== '' && StopSignal !== (facts?.stopSignal || 'SIGTERM')) settings.stopSignal = /^(SIG|\d)/.test(StopSignal) ? StopSignal : `SIG${StopSignal}`
  if (StopTimeout !== undefined && StopTimeout !== null && StopTimeout > 0) settings.stopGrace = formatTemplateDuration(StopTimeout)
  const names = (list: readonly string[] | null | undefined): string[] => (list ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ''))
  const [add, drop] = [names(HostConfig.CapAdd), names(HostConfig.CapDrop)]
  if (add.length > 0 || drop.length > 0) settings.capabilities = { ...(add.length > 0 ? { add } : {}), ...(drop.length > 0 ? { drop } : {}) }
  if (HostConfig.Privileged === true) settings.privileged = { reason: `The container ${Name.replace(/^\//, '')} runs with all rights.` }
  if (HostConfig.Ulimits?.length)
    settings.ulimits = Object.fromEntries(HostConfig.Ulimits.map(({ Name: name, Soft, Hard }) => [name, { soft: Soft, hard: Hard }]))
  if (HostConfig.Sysctls && Object.keys(HostConfig.Sysctls).length > 0) settings.sysctls = { ...HostConfig.Sysctls }
  if (HostConfig.ShmSize !== undefined && HostConfig.ShmSize > 0 && HostConfig.ShmSize !== DEFAULT_SHM)
    settings.shmSize = formatTemplateSize(HostConfig.ShmSize)
  const hosts = (HostConfig.ExtraHosts ?? []).map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)] as const)
  const fixed = hosts.filter(([, address]) => address !== 'host-gateway')
  if (fixed.length > 0) settings.extraHosts = Object.fromEntries(fixed)
  setResources(settings, HostConfig)
  setGpus(settings, HostConfig)
  return settings
}

function setResources(settings: Mutable<DraftSettings>, { Memory = 0, NanoCpus = 0, CpuQuota = 0, CpuPeriod = 0 }: ContainerFacts['HostConfig']): void {
  const cores = NanoCpus > 0 ? NanoCpus / 1e9 : CpuQuota > 0 ? CpuQuota / (CpuPeriod || 100_000) : 0
  if (Memory > 0 || cores > 0)
    settings.resources = { ...(cores > 0 ? { cpu: formatTemplateCpu(cores) } : {}), ...(Memory > 0 ? { memory: formatTemplateSize(Memory) } : {}) }
}

function setGpus(settings: Mutable<DraftSettings>, { DeviceRequests }: ContainerFacts['HostConfig']): void {
  const gpus = (DeviceRequests ?? []).filter(({ Capabilities }) => Capabilities?.some((list) => list.includes('gpu')) === true)
  // -1 is all of them, however many one host has.
  const count = gpus.reduce((sum, { Count = 0, DeviceIDs }) => sum + (DeviceIDs?.length ? DeviceIDs.length : Math.max(1, Count)), 0)
  if (count > 0) settings.gpus = { count: Math.min(64, count) }
}
