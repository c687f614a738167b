import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { substitute, substituteBytes } from '@sealift/template/substitution.ts'
import type { ValueName } from '@sealift/template/value-name.ts'
import { type Dependency, isActive, type WantedState } from './state.ts'
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
   * @throws SealiftError `VALUE_UNRESOLVED`, `EXPRESSION_INVALID`
   */
  text(text: string, self: string | null, where: string): string {
    return substitute(text, (name) => this.#lookup(name, self, where))
  }

  /** As {@link Scope.text}, for the content of a file. */
  bytes(content: Uint8Array, self: string | null, where: string): Buffer {
    return substituteBytes(content, (name) => this.#lookup(name, self, where), where)
  }

  /** A secret by its name in the vault. */
  secret(id: string): string {
    return this.#secret(id)
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

  /** The environment variables that depending on others brings. Dependencies that are switched off bring none. */
  injected(dependsOn: readonly Dependency[]): Record<string, string> {
    const injected: Record<string, string> = {}
    for (const { component, prefix, inject } of dependsOn) {
      if (!inject || !isActive(this.#state, component)) continue
      for (const name of Object.keys(this.#state.components[component]?.connection ?? {})) {
        injected[`${prefix}${name}`] = this.connection(component, name) ?? ''
      }
    }
    return injected
  }

  #lookup(name: ValueName, self: string | null, where: string): string {
    const found = this.#find(name, self)
    if (found !== undefined) return found
    throw new SealiftError('VALUE_UNRESOLVED', `${where}: nothing is called ${JSON.stringify(name.text)}`, {
      hint: 'The value was written for another release: correct it with configure, or take the vendor’s value.',
    })
  }

  #find(name: ValueName, self: string | null): string | undefined {
    switch (name.kind) {
      case 'parameter': {
        // What a site answers is taken as it is: a password may well hold a dollar and a brace.
        const value = this.#state.parameters[name.parameter]?.value
        return value?.secretId === undefined ? value?.expression : this.#secret(value.secretId)
      }
      case 'module': {
        const module = this.#state.modules[name.module]
        return module === undefined ? undefined : String(module.value)
      }
      case 'site':
        return this.#state.site[name.service]
      case 'host':
      case 'name':
      case 'port':
      case 'connection': {
        const owner = name.component ?? self
        const component = owner === null ? undefined : this.#state.components[owner]
        if (owner === null || component === undefined) return undefined
        if (name.kind === 'name') return owner
        if (name.kind === 'host') {
          const { address } = component.definition
          return address === undefined ? owner : this.text(address, null, `component ${owner}: address`)
        }
        return name.kind === 'port' ? component.ports[name.port]?.port.toString() : this.connection(owner, name.connection)
      }
    }
  }
}
