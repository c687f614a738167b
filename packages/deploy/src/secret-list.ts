import { type ResolveContext, resolveComponent } from './resolve.ts'
import { secretNames } from './scope.ts'
import { type ComponentState, runningComponents, volumeDefinition, type WantedState } from './state.ts'
import type { Value } from './value.ts'

/** A secret of an installation: all about it but its value. */
export interface ListedSecret {
  /** Its name in the vault. */
  readonly id: string
  /** Its name for people: what it is of, like `db/DB_PASSWORD` or `group/db`. */
  readonly name: string
  readonly origin: 'generated' | 'site'
  /** The components that have it in their environment, files or arguments. */
  readonly usedBy: readonly string[]
  /** Those where it is generated and that keep data: it is likely to be in that data too. */
  readonly heldBy: readonly string[]
}

/** The place of a generated secret in the vault, without how often it was rotated. */
export function secretBase(id: string): string {
  return id.replace(/~\d+$/, '')
}

/** The name under which the next value of a generated secret is kept. */
export function nextSecretId(id: string): string {
  const turn = /~(\d+)$/.exec(id)?.[1]
  return `${secretBase(id)}~${turn === undefined ? 2 : Number(turn) + 1}`
}

/** The secrets that a state names, in the order of their names. */
export function listSecrets(context: ResolveContext): readonly ListedSecret[] {
  const { state, installation } = context
  const found = new Map<string, { value: Value; name: string; owners: Set<string> }>()
  const note = (value: Value, place: string, owner: string | undefined): void => {
    if (value.secretId === undefined) return
    const generated = value.origin === 'generated'
    const base = secretBase(value.secretId)
    const name = generated && base.startsWith(`${installation}/generated/`) ? base.slice(`${installation}/generated/`.length) : place
    const known = found.get(value.secretId) ?? { value, name, owners: new Set<string>() }
    found.set(value.secretId, known)
    if (generated && owner !== undefined) known.owners.add(owner)
  }
  for (const [name, { value }] of Object.entries(state.parameters)) note(value, `parameter/${name}`, undefined)
  for (const [component, { env, connection, files }] of Object.entries(state.components)) {
    for (const [name, value] of Object.entries(connection)) note(value, `${component}/${name}`, component)
    for (const [name, value] of Object.entries(env)) note(value, `${component}/${name}`, component)
    for (const [path, { content }] of Object.entries(files)) note(content, `${component}${path}`, component)
  }
  const texts = new Map(runningComponents(state).map((name) => [name, textOf(context, name)]))
  return [...found]
    .map(([id, { value, name, owners }]): ListedSecret => {
      const mark = secretNames(id)
      const usedBy = [...texts].flatMap(([component, text]) => (text.includes(mark) ? [component] : []))
      const heldBy = [...owners].filter((owner) => keepsData(state.components[owner]))
      return { id, name, origin: value.origin === 'generated' ? 'generated' : 'site', usedBy, heldBy }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** All texts of a component, its secrets by name. */
function textOf(context: ResolveContext, name: string): string {
  const texts: string[] = []
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value)
    else if (Buffer.isBuffer(value)) texts.push(value.toString('utf8'))
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) collect(each)
  }
  collect(resolveComponent(context, name, secretNames))
  return texts.join('\n')
}

function keepsData(component: ComponentState | undefined): boolean {
  return Object.values(component?.volumes ?? {}).some((volume) => volumeDefinition(volume).kind === 'persistent')
}

/** A state whose generated values have other names in the vault. */
export function withSecretIds(state: WantedState, idOf: (id: string, component: string, name: string) => string): WantedState {
  const components = Object.fromEntries(
    Object.entries(state.components).map(([component, each]) => {
      const renamed = (values: Readonly<Record<string, Value>>): Record<string, Value> =>
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [
            name,
            value.origin === 'generated' && value.secretId !== undefined ? { ...value, secretId: idOf(value.secretId, component, name) } : value,
          ]),
        )
      return [component, { ...each, connection: renamed(each.connection), env: renamed(each.env) }]
    }),
  )
  return { ...state, components }
}
