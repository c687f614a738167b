/** Values that wait to be read before those who bring them have to wait. */
const ROOM = 1000

/** Values of several sources in the order in which they come. Sources wait where the reader is slower. */
export class ArrivingQueue<T> {
  readonly #values: T[] = []
  #failure: { readonly thrown: unknown } | undefined
  #ended = false
  #wakeReader = (): void => {}
  #wakeSources: (() => void)[] = []

  /** Resolves when there is room again. */
  async push(value: T): Promise<void> {
    this.#values.push(value)
    this.#wakeReader()
    if (this.#values.length >= ROOM && !this.#ended) await new Promise<void>((resolve) => this.#wakeSources.push(resolve))
  }

  /** Ends the reader with an error, once it has read what came before. */
  fail(thrown: unknown): void {
    this.#failure ??= { thrown }
    this.#wakeReader()
  }

  end(): void {
    this.#ended = true
    this.#wakeReader()
    this.#release()
  }

  /** Reads until the end; what came before it is read. */
  async *read(): AsyncGenerator<T> {
    for (;;) {
      const value = this.#values.shift()
      if (value !== undefined) {
        if (this.#values.length < ROOM / 2) this.#release()
        yield value
      } else if (this.#failure !== undefined) throw this.#failure.thrown
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve))
    }
  }

  #release(): void {
    for (const wake of this.#wakeSources.splice(0)) wake()
  }
}
