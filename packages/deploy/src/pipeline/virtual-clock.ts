import type { Clock } from './clock.ts'

interface Sleeper {
  readonly due: number
  readonly order: number
  wake(): void
}

/** Time that passes only while everybody sleeps: as soon as the event loop is idle it jumps to the next that is due. */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #scheduled = false
  readonly #sleepers = new Set<Sleeper>()

  constructor(start = Date.UTC(2030, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      this.#order += 1
      const cancel = (): void => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        due: this.#now + milliseconds,
        order: this.#order,
        wake: () => {
          signal?.removeEventListener('abort', cancel)
          resolve()
        },
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#sleepers.add(sleeper)
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#wakeNext()
    })
  }

  #wakeNext(): void {
    let next: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (next === undefined || sleeper.due < next.due || (sleeper.due === next.due && sleeper.order < next.order)) next = sleeper
    }
    if (next === undefined) return
    this.#sleepers.delete(next)
    this.#now = Math.max(this.#now, next.due)
    next.wake()
    if (this.#sleepers.size > 0) this.#schedule()
  }
}
