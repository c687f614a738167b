import type { EngineHealth } from '../image-facts.ts'
import type { DraftHealth } from './draft.ts'

const SECOND = 1e9

/** The command of a test in the engine's words; undefined for none. */
export function healthCommand(test: readonly string[]): readonly string[] | undefined {
  const [form, ...rest] = test
  if (form === undefined || form === 'NONE') return undefined
  if (form === 'CMD') return rest.length === 0 ? undefined : rest
  if (form === 'CMD-SHELL') return rest[0] === undefined ? undefined : ['/bin/sh', '-c', rest.join(' ')]
  return test
}

/** An engine's health check; undefined where there is none, or it is switched off. */
export function draftHealth(health: EngineHealth | undefined): DraftHealth | undefined {
  const exec = healthCommand(health?.Test ?? [])
  if (health === undefined || exec === undefined) return undefined
  const { Interval = 0, Timeout = 0, Retries = 0, StartPeriod = 0, StartInterval = 0 } = health
  return {
    exec,
    interval: (Interval || 30 * SECOND) / SECOND,
    timeout: (Timeout || 30 * SECOND) / SECOND,
    retries: Retries || 3,
    startPeriod: StartPeriod / SECOND,
    ...(StartInterval > 0 ? { startInterval: StartInterval / SECOND } : {}),
  }
}
