import { suggestion } from '../did-you-mean.ts'
import type { Path } from '../problem.ts'
import type { Component } from '../schema/component.ts'
import type { Dependency } from '../schema/dependency.ts'
import type { CheckContext } from './check-context.ts'

function unknown(context: CheckContext, path: Path, what: string, name: string, candidates: Iterable<string>): void {
  if (context.isFull) return
  context.report(path, `there is no ${what} ${JSON.stringify(name)}. ${suggestion(name, candidates)}`)
}

function checkPort(context: CheckContext, path: Path, component: Component, port: string | number): void {
  const names = (component.ports ?? []).map(({ name }) => name)
  if (typeof port === 'string' && !names.includes(port)) unknown(context, path, `port of component ${component.name} called`, port, names)
}

function checkDependencies(context: CheckContext, dependsOn: readonly Dependency[] | undefined, path: Path, self: string | undefined): void {
  const seen = new Set<string>()
  for (const [position, { component, wait, inject, prefix }] of (dependsOn ?? []).entries()) {
    const at = [...path, position]
    const other = context.components.get(component)
    if (other === undefined) {
      unknown(
        context,
        [...at, 'component'],
        'component',
        component,
        [...context.components.keys()].filter((name) => name !== self),
      )
      continue
    }
    if (component === self) context.report([...at, 'component'], `component ${component} depends on itself. Remove this line.`)
    if (seen.has(component)) context.report([...at, 'component'], `component ${component} is named twice here. Keep one of the lines.`)
    seen.add(component)
    if (wait === 'completed' && other.workload !== 'job') {
      context.report([...at, 'wait'], `component ${component} is ${other.workload} and never completes; only a job does. Write wait: healthy or none.`)
    }
    if (other.workload === 'cron' && wait !== undefined && wait !== 'none') {
      context.report([...at, 'wait'], `component ${component} runs by a schedule, so there is nothing to wait for. Write wait: none, or leave wait out.`)
    }
    if (inject === false && prefix !== undefined)
      context.report([...at, 'prefix'], 'a prefix without injection changes nothing. Remove prefix or inject: false.')
  }
}

function checkVolumeSources(context: CheckContext, component: Component, path: Path): void {
  const seen = new Set<string>()
  for (const [position, { from, size, kind }] of (component.volumes ?? []).entries()) {
    if (from === undefined) continue
    const at = [...path, 'volumes', position]
    const key = `${from.component}/${from.volume}`
    if (seen.has(key)) context.report([...at, 'from'], `volume ${from.volume} of component ${from.component} is mounted twice. Keep one of them.`)
    seen.add(key)
    const other = context.components.get(from.component)
    if (from.component === component.name) {
      context.report([...at, 'from', 'component'], "from is for another component's volume; this one's is mounted already. Remove the second mount.")
    } else if (other === undefined) unknown(context, [...at, 'from', 'component'], 'component', from.component, context.components.keys())
    else {
      const volumes = other.volumes ?? []
      const source = volumes.find(({ name }) => name === from.volume)
      if (source === undefined) {
        unknown(
          context,
          [...at, 'from', 'volume'],
          `volume of component ${other.name} called`,
          from.volume,
          volumes.map(({ name }) => name),
        )
      } else if (source.from !== undefined) {
        context.report([...at, 'from'], `volume ${from.volume} of component ${other.name} is itself from ${source.from.component}. Name that one.`)
      } else if (source.kind === 'memory') {
        context.report([...at, 'from'], `volume ${from.volume} of component ${other.name} is in memory, which can not be shared. Make it persistent.`)
      } else if (source.access !== 'shared') {
        context.report([...at, 'from'], `volume ${from.volume} of component ${other.name} is for one alone. Write access: shared there.`)
      }
    }
    if (size !== undefined) context.report([...at, 'size'], 'a volume of another component has its size there. Remove this one.')
    if (kind !== undefined) context.report([...at, 'kind'], 'a volume of another component has its kind there. Remove this one.')
  }
}

/** Whatever is named is there: components, modules, plugins, groups, ports, volumes. */
export function checkReferences(context: CheckContext): void {
  const { template, components } = context
  const modules = (template.modules ?? []).map(({ name }) => name)
  const plugins = (template.plugins ?? []).map(({ name }) => name)
  const groups = (template.configurationGroups ?? []).map(({ name }) => name)
  for (const [position, component] of template.components.entries()) {
    const path = ['components', position]
    if (component.module !== undefined && !modules.includes(component.module)) {
      unknown(context, [...path, 'module'], 'module', component.module, modules)
    }
    for (const [at, { name }] of (component.plugins ?? []).entries()) {
      if (!plugins.includes(name)) unknown(context, [...path, 'plugins', at, 'name'], 'plugin', name, plugins)
    }
    const used = new Set<string>()
    for (const [at, name] of (component.configurationGroups ?? []).entries()) {
      if (!groups.includes(name)) unknown(context, [...path, 'configurationGroups', at], 'configuration group', name, groups)
      if (used.has(name)) context.report([...path, 'configurationGroups', at], `group ${name} is named twice. Keep one.`)
      used.add(name)
    }
    for (const [at, { port }] of (component.monitors ?? []).entries()) checkPort(context, [...path, 'monitors', at, 'port'], component, port)
    for (const kind of ['startup', 'readiness', 'liveness'] as const) {
      const { http, tcp } = component.probes?.[kind] ?? {}
      if (http !== undefined) checkPort(context, [...path, 'probes', kind, 'http', 'port'], component, http.port)
      if (tcp !== undefined) checkPort(context, [...path, 'probes', kind, 'tcp', 'port'], component, tcp.port)
    }
    checkDependencies(context, component.dependsOn, [...path, 'dependsOn'], component.name)
    checkVolumeSources(context, component, path)
  }
  for (const [position, { requires }] of (template.modules ?? []).entries()) {
    for (const [at, name] of (requires ?? []).entries())
      if (!modules.includes(name)) unknown(context, ['modules', position, 'requires', at], 'module', name, modules)
  }
  for (const [position, { component, port, tcp, host, path: prefix }] of (template.routes ?? []).entries()) {
    const other = components.get(component)
    if (other === undefined) unknown(context, ['routes', position, 'component'], 'component', component, components.keys())
    else checkPort(context, ['routes', position, 'port'], other, port)
    if (tcp !== undefined && (host !== undefined || prefix !== undefined)) {
      context.report(['routes', position, 'tcp'], 'a route is either tcp, or host and path. Remove one or the other, or make two routes.')
    }
    if (prefix !== undefined && !prefix.startsWith('/') && !prefix.startsWith('${')) {
      context.report(['routes', position, 'path'], `expected a path that begins with /, found ${JSON.stringify(prefix)}.`)
    }
  }
  for (const [position, { component }] of (template.alerts ?? []).entries()) {
    if (component !== undefined && !components.has(component)) unknown(context, ['alerts', position, 'component'], 'component', component, components.keys())
  }
  for (const [position, { dependsOn }] of (template.checks ?? []).entries()) checkDependencies(context, dependsOn, ['checks', position, 'dependsOn'], undefined)
}
