/** What an image says about itself, as far as an import needs it. */
export interface ImageFacts {
  readonly env: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly user: string
  readonly workingDir: string
  readonly stopSignal: string
  /** `80/tcp` */
  readonly ports: readonly string[]
  /** Paths that it wants kept. */
  readonly volumes: readonly string[]
  readonly health?: EngineHealth
}

/** A health check in the words of the engine's API. Times in nanoseconds; 0 is the engine's default. */
export interface EngineHealth {
  readonly Test?: readonly string[] | null
  readonly Interval?: number
  readonly Timeout?: number
  readonly Retries?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
}
