import { constants } from 'node:os'

/** The signals by which a person or a supervisor ends a command. */
export type Interrupt = 'SIGINT' | 'SIGTERM'

/** The exit code of a command that a signal ended, as shells know it: 130 for SIGINT, 143 for SIGTERM. */
export function exitCodeOf(signal: Interrupt): number {
  return 128 + constants.signals[signal]
}

/** Takes interrupts in a process's stead until disposed of. The second one ends the process at once. */
export class Interrupts implements Disposable {
  readonly #listeners: readonly (readonly [Interrupt, () => void])[]
  #received: Interrupt | undefined

  /** @param first called at the first interrupt */
  constructor(first: () => void) {
    const receive = (signal: Interrupt): void => {
      if (this.#received !== undefined) process.exit(exitCodeOf(signal))
      this.#received = signal
      first()
    }
    this.#listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => [signal, () => receive(signal)] as const)
    for (const [signal, listener] of this.#listeners) process.on(signal, listener)
  }

  /** The interrupt that came, if one did. */
  get received(): Interrupt | undefined {
    return this.#received
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
  }
}
