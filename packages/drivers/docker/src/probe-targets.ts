/** Where probes of a replica go. */
export interface ProbeTarget {
  readonly container: string
  /** Its address in the installation's network; empty where it has none. */
  readonly address: string
}

/**
 * Remembers where replicas are while somebody watches the engine: most probes then ask the engine for
 * nothing but the command itself. Whatever happens to a component makes it forgotten.
 */
export class ProbeTargets {
  readonly #known = new Map<string, Map<number, ProbeTarget>>()
  readonly #hanging = new Map<string, string>()
  #watchers = 0

  find(installation: string, component: string, replica: number): ProbeTarget | undefined {
    return this.#watchers === 0 ? undefined : this.#known.get(`${installation}/${component}`)?.get(replica)
  }

  remember(installation: string, component: string, replica: number, target: ProbeTarget): void {
    if (this.#watchers === 0) return
    const key = `${installation}/${component}`
    const replicas = this.#known.get(key) ?? new Map<number, ProbeTarget>()
    this.#known.set(key, replicas.set(replica, target))
  }

  forget(installation: string, component: string): void {
    this.#known.delete(`${installation}/${component}`)
  }

  /** Nothing is missed from now on. */
  watched(): void {
    this.#watchers += 1
  }

  /** Changes may be missed from now on. */
  unwatched(): void {
    this.#watchers -= 1
    this.#known.clear()
  }

  /** The attempt at a container that was left hanging: its command could not be ended. */
  hanging(container: string): string | undefined {
    return this.#hanging.get(container)
  }

  setHanging(container: string, exec: string | undefined): void {
    if (exec === undefined) this.#hanging.delete(container)
    else this.#hanging.set(container, exec)
  }
}
