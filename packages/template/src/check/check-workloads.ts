import { scheduleFault, timezoneFault } from '../cron-schedule.ts'
import type { Path } from '../problem.ts'
import type { Component, Workload } from '../schema/component.ts'
import type { Probe } from '../schema/probe.ts'
import type { CheckContext } from './check-context.ts'

type Field = keyof Component

/** Fields that say nothing about something that does not run here. */
const NOT_EXTERNAL: readonly Field[] = [
  'image',
  'entrypoint',
  'command',
  'workingDir',
  'hostname',
  'user',
  'group',
  'fsGroup',
  'env',
  'configurationGroups',
  'volumes',
  'files',
  'initContainers',
  'resources',
  'scaling',
  'hooks',
  'data',
  'plugins',
  'schedule',
  'timezone',
  'rerun',
  'capabilities',
  'privileged',
  'ulimits',
  'sysctls',
  'shmSize',
  'extraHosts',
  'gpus',
  'stopSignal',
  'stopGrace',
  'update',
  'stableIdentity',
  'dependsOn',
  'kubernetesObjects',
]

/** Fields that belong to some workloads only. */
const ONLY: readonly (readonly [Field, readonly Workload[]])[] = [
  ['address', ['external']],
  ['schedule', ['cron']],
  ['timezone', ['cron']],
  ['rerun', ['job']],
  ['stableIdentity', ['stateful']],
  ['scaling', ['stateless', 'stateful']],
  ['update', ['stateless', 'stateful', 'daemon']],
  ['plugins', ['stateless', 'stateful', 'daemon']],
]

function checkProbe(context: CheckContext, probe: Probe, path: Path): void {
  const { exec, http, tcp, ...times } = probe
  const ways = Object.entries({ exec, http, tcp }).filter(([, way]) => way !== undefined)
  if (ways.length > 1) context.report(path, `has ${ways.map(([name]) => name).join(' and ')}; a probe has one of exec, http and tcp. Keep one.`)
  if (ways.length === 0 && Object.keys(times).length > 0) {
    context.report(path, 'says how often, but not what. Give it exec, http or tcp, or leave it empty for no probe.')
  }
  if (exec?.length === 0) context.report([...path, 'exec'], 'is empty; name the command.')
}

function checkProbes(context: CheckContext, component: Component, path: Path): void {
  const { probes, workload, name } = component
  for (const kind of ['startup', 'readiness', 'liveness'] as const) {
    const probe = probes?.[kind]
    if (probe === undefined) continue
    const at = [...path, 'probes', kind]
    checkProbe(context, probe, at)
    if (Object.keys(probe).length === 0) continue
    if (workload === 'job' || workload === 'cron') {
      const limit = workload === 'job' ? '; probes: {gate: 600s} limits its time' : ''
      context.report(at, `component ${name} is a ${workload}, which is healthy when it ended with 0. Remove the probe${limit}.`)
    }
    if (workload === 'external' && probe.exec !== undefined) {
      context.report([...at, 'exec'], `component ${name} is external: no command can run there. Use http or tcp.`)
    }
  }
}

/** A component has what its workload needs, and nothing that it can't act on. */
export function checkWorkloads(context: CheckContext): void {
  for (const [position, component] of context.template.components.entries()) {
    const path = ['components', position]
    const { name, workload, image, address, schedule, privileged } = component
    for (const [field, workloads] of ONLY) {
      if (component[field] === undefined || workloads.includes(workload)) continue
      if (workload === 'external' && NOT_EXTERNAL.includes(field)) continue
      context.report([...path, field], `${field} is for ${workloads.join(', ')}; component ${name} is ${workload}. Remove it, or change the workload.`)
    }
    if (workload === 'external') {
      for (const field of NOT_EXTERNAL) {
        if (component[field] !== undefined)
          context.report([...path, field], `component ${name} is external: nothing of it runs here, so ${field} has no meaning. Remove it.`)
      }
      if (address === undefined) context.report([...path, 'address'], `is missing: where component ${name} is, such as \${parameters.X}.`)
    } else if (image === undefined)
      context.report([...path, 'image'], `is missing. Component ${name} is ${workload} and needs an image such as docker.io/library/nginx:1.25.`)
    if (workload === 'cron' && schedule === undefined)
      context.report([...path, 'schedule'], `is missing. Component ${name} is cron; write one such as "0 3 * * *".`)
    const fault = schedule === undefined ? undefined : scheduleFault(schedule)
    if (fault !== undefined) context.report([...path, 'schedule'], `${fault}.`)
    const zone = component.timezone === undefined ? undefined : timezoneFault(component.timezone)
    if (zone !== undefined) context.report([...path, 'timezone'], `${zone}.`)
    const { maxUnavailable = 1, maxSurge = 0 } = component.update ?? {}
    if (maxUnavailable === 0 && maxSurge === 0) {
      context.report([...path, 'update'], 'with maxUnavailable 0 and no maxSurge no replica could ever be replaced. Allow one or the other.')
    }
    if (privileged !== undefined && privileged.reason.trim().length < 10)
      context.report([...path, 'privileged', 'reason'], 'is empty. Say why all rights are needed.')
    checkProbes(context, component, path)
  }
}
