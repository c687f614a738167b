import type { Path } from './problem.ts'
import type { Component } from './schema/component.ts'
import type { EnvVariable } from './schema/env-variable.ts'
import type { Template } from './schema/template.ts'

/** A text of a template in which `${…}` stands for values. */
export interface ExpressionPlace {
  readonly path: Path
  readonly text: string
  /** The component that `${self.…}` means there; absent where there is none. */
  readonly self?: string
}

function* texts(items: readonly string[] | undefined, path: Path, self: string | undefined): Generator<ExpressionPlace> {
  for (const [position, text] of (items ?? []).entries()) yield place(text, [...path, position], self)
}

function* variables(env: readonly EnvVariable[] | undefined, path: Path, self: string | undefined): Generator<ExpressionPlace> {
  for (const [position, { value }] of (env ?? []).entries()) yield place(value, [...path, position, 'value'], self)
}

function* members(record: Readonly<Record<string, unknown>> | undefined, path: Path, self: string | undefined): Generator<ExpressionPlace> {
  for (const [key, value] of Object.entries(record ?? {})) yield* deep(value, [...path, key], self)
}

function* deep(value: unknown, path: Path, self: string | undefined): Generator<ExpressionPlace> {
  if (typeof value === 'string') yield place(value, path, self)
  else if (Array.isArray(value)) for (const [position, item] of value.entries()) yield* deep(item, [...path, position], self)
  else if (typeof value === 'object' && value !== null) yield* members(value as Record<string, unknown>, path, self)
}

function place(text: string, path: Path, self: string | undefined): ExpressionPlace {
  return self === undefined ? { path, text } : { path, text, self }
}

interface Container {
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: readonly EnvVariable[]
}

function* container({ entrypoint, command, env }: Container, path: Path, self: string | undefined): Generator<ExpressionPlace> {
  yield* texts(entrypoint, [...path, 'entrypoint'], self)
  yield* texts(command, [...path, 'command'], self)
  yield* variables(env, [...path, 'env'], self)
}

function* ofComponent(component: Component, path: Path): Generator<ExpressionPlace> {
  const self = component.name
  yield* container(component, path, self)
  if (component.address !== undefined) yield place(component.address, [...path, 'address'], undefined)
  for (const [position, { value }] of (component.connection ?? []).entries()) {
    if (value !== undefined) yield place(value, [...path, 'connection', position, 'value'], self)
  }
  for (const [position, { public: open }] of (component.ports ?? []).entries()) {
    if (typeof open?.hostPort === 'string') yield place(open.hostPort, [...path, 'ports', position, 'public', 'hostPort'], self)
  }
  for (const kind of ['startup', 'readiness', 'liveness'] as const) {
    const probe = component.probes?.[kind]
    if (probe === undefined) continue
    const at = [...path, 'probes', kind]
    yield* texts(probe.exec, [...at, 'exec'], self)
    if (probe.http?.path !== undefined) yield place(probe.http.path, [...at, 'http', 'path'], self)
    yield* members(probe.http?.headers, [...at, 'http', 'headers'], self)
  }
  for (const [position, init] of (component.initContainers ?? []).entries()) yield* container(init, [...path, 'initContainers', position], self)
  for (const [moment, hook] of Object.entries(component.hooks ?? {})) yield* container(hook, [...path, 'hooks', moment], self)
  for (const [position, { config }] of (component.plugins ?? []).entries()) yield* members(config, [...path, 'plugins', position, 'config'], self)
  yield* members(component.extraHosts, [...path, 'extraHosts'], self)
}

/** What several components share is there once for each of them, or once without any. */
const sharers = (names: readonly string[]): readonly (string | undefined)[] => (names.length === 0 ? [undefined] : names)

/** Every text of a template that may use `${…}`, but for the contents of files. */
export function* expressionPlaces(template: Template): Generator<ExpressionPlace> {
  for (const [position, component] of template.components.entries()) yield* ofComponent(component, ['components', position])
  for (const [position, group] of (template.configurationGroups ?? []).entries()) {
    const users = template.components.filter(({ configurationGroups }) => configurationGroups?.includes(group.name)).map(({ name }) => name)
    for (const self of sharers(users)) yield* variables(group.env, ['configurationGroups', position, 'env'], self)
  }
  for (const [position, plugin] of (template.plugins ?? []).entries()) {
    const users = template.components.filter(({ plugins }) => plugins?.some(({ name }) => name === plugin.name)).map(({ name }) => name)
    for (const self of sharers(users)) {
      yield* container(plugin, ['plugins', position], self)
      yield* members(plugin.config, ['plugins', position, 'config'], self)
    }
  }
  for (const [position, { host, path }] of (template.routes ?? []).entries()) {
    if (host !== undefined) yield place(host, ['routes', position, 'host'], undefined)
    if (path !== undefined) yield place(path, ['routes', position, 'path'], undefined)
  }
  for (const [position, check] of (template.checks ?? []).entries()) yield* container(check, ['checks', position], undefined)
}
