import type { WantedState } from '../state.ts'
import type { Value } from '../value.ts'
import type { SiteContent } from '../value-merge.ts'

/** What a site set for whole configuration groups, found in the components that use them: a component that comes later gets it too. */
export class GroupChoices {
  readonly #values = new Map<string, SiteContent>()

  constructor(state: WantedState | null) {
    for (const { env, files } of Object.values(state?.components ?? {})) {
      this.#gather('env', Object.entries(env))
      this.#gather(
        'file',
        Object.entries(files).map(([path, { content }]) => [path, content]),
      )
    }
  }

  find(group: string | undefined, kind: string, name: string): SiteContent | undefined {
    return group === undefined ? undefined : this.#values.get(JSON.stringify([group, kind, name]))
  }

  #gather(kind: 'env' | 'file', values: readonly (readonly [string, Value])[]): void {
    for (const [name, { group, byGroup, secretId, uses, expression }] of values) {
      if (group === undefined || byGroup === undefined) continue
      this.#values.set(JSON.stringify([group, kind, name]), secretId === undefined ? { expression } : { secretId, ...(uses === undefined ? {} : { uses }) })
    }
  }
}
