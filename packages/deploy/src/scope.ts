import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { substitute } from './expression.ts'
import { isActive, type WantedState } from './state.ts'
import type { Value } from './value.ts'

/** Gives the value of a secret by its name in the vault. */
export type SecretLookup = (id: string) => string

/** Stands for every secret by its name: enough to compare two states, without opening the vault. */
export const secretNames: SecretLookup = (id) => `\u0000secret:${id}\u0000`

/**
 * The names that expressions of a state can use, each resolved when it is asked for.
 * Substitution is of named values only; a value may name others, never itself.
 */
export class Scope {
  readonly #state: WantedState
  readonly #secret: SecretLookup
  readonly #open: string[] = []

  constructor(state: WantedState, secret: SecretLookup) {
    this.#state = state
    this.#secret = secret
  }

  /**
   * The text with every expression replaced.
   * @param self the component that `${self.…}` means; null where there is none
   * @param where names the text in errors
   * @throws SealiftError `VALUE_UNRESOLVED`
   */
  text(text: string, self: string | null, where: string): string {
    return substitute(text, (name) => this.#lookup(name, self, where))
  }

  /** As {@link Scope.text} for content of which every character is one byte (latin1). */
  bytes(content: string, self: string | null, where: string): string {
    return substitute(content, (name) => Buffer.from(this.#lookup(name, self, where)).toString('latin1'))
  }

  /** What a value stands for. */
  value(value: Value, self: string | null, where: string): string {
    if (value.secretId !== undefined) return this.#secret(value.secretId)
    if (this.#open.includes(where)) {
      throw new SealiftError('VALUE_UNRESOLVED', `${where}: the value depends on itself through ${this.#open.join(', ')}`)
    }
    this.#open.push(where)
    try {
      return this.text(value.expression, self, where)
    } finally {
      this.#open.pop()
    }
  }

  /** A connection value of a component. */
  connection(component: string, name: string): string | undefined {
    const value = this.#state.components[component]?.connection[name]
    return value === undefined ? undefined : this.value(value, component, `component ${component}: connection ${name}`)
  }

  #lookup(name: string, self: string | null, where: string): string {
    const [area, ...path] = name.split('.')
    const found = this.#find(area, path, self)
    if (found === undefined) {
      throw new SealiftError('VALUE_UNRESOLVED', `${where}: nothing is called ${JSON.stringify(name)}`, {
        hint: 'The value was written for another release: correct it with configure, or take the vendor’s value.',
      })
    }
    return found
  }

  #find(area: string | undefined, path: readonly string[], self: string | null): string | undefined {
    const [first, ...rest] = path
    if (first === undefined) return undefined
    if (area === 'self') return self === null ? undefined : this.#ofComponent(self, path)
    if (area === 'components') return this.#ofComponent(first, rest)
    if (area === 'modules' && rest.length === 1 && rest[0] === 'enabled') {
      const module = this.#state.modules[first]
      return module === undefined ? undefined : String(module.value)
    }
    if (rest.length > 0) return undefined
    if (area === 'parameters') {
      const value = this.#state.parameters[first]?.value
      return value === undefined ? undefined : this.value(value, null, `parameter ${first}`)
    }
    return area === 'site' ? this.#state.site[first] : undefined
  }

  #ofComponent(name: string, [what, port, ...more]: readonly string[]): string | undefined {
    const component = this.#state.components[name]
    if (component === undefined || what === undefined || more.length > 0) return undefined
    if (what === 'ports') return port === undefined ? undefined : component.ports[port]?.port.toString()
    if (port !== undefined) return undefined
    if (what === 'host' || what === 'name') return name
    return this.connection(name, what)
  }

  /** The environment variables that depending on others brings. Dependencies that are switched off bring none. */
  injected(dependsOn: WantedState['components'][string]['definition']['dependsOn']): Record<string, string> {
    const injected: Record<string, string> = {}
    for (const { component, prefix, inject } of dependsOn) {
      const external = this.#state.components[component]?.definition.workload === 'external'
      if (!inject || !(external || isActive(this.#state, component))) continue
      for (const name of Object.keys(this.#state.components[component]?.connection ?? {})) {
        injected[`${prefix}${name}`] = this.connection(component, name) ?? ''
      }
    }
    return injected
  }
}
