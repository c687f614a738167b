import type { WantedComponent } from '@sealift/deploy/driver.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'

const NANO = 1_000_000_000

/** Cores and bytes as an engine counts them; 0 for no limit. */
export interface EngineLimits {
  readonly NanoCpus: number
  readonly Memory: number
}

/** The limits that a component is to have. */
export function limitsOf({ cpu, memory }: Pick<WantedComponent, 'cpu' | 'memory'>): EngineLimits {
  return { NanoCpus: cpu === undefined ? 0 : Math.round(cpu * NANO), Memory: memory ?? 0 }
}

/** Whether a container's limits are as wanted, or can be made so while it runs: an engine gives new ones, and takes none away. */
export function canHaveLimits({ HostConfig }: ContainerDetails, wanted: WantedComponent): boolean {
  const { NanoCpus, Memory } = limitsOf(wanted)
  return (NanoCpus > 0 || !HostConfig.NanoCpus) && (Memory > 0 || !HostConfig.Memory)
}

/**
 * Gives a container the wanted limits, without a restart.
 * @returns whether it had others
 */
export async function ensureLimits(engine: EngineClient, { Id, HostConfig }: ContainerDetails, wanted: WantedComponent): Promise<boolean> {
  const { NanoCpus, Memory } = limitsOf(wanted)
  if ((HostConfig.NanoCpus ?? 0) === NanoCpus && (HostConfig.Memory ?? 0) === Memory) return false
  await engine.updateContainer(Id, {
    ...(NanoCpus > 0 ? { NanoCpus } : {}),
    // With the swap that engines allow beside it where a container is made with a limit.
    ...(Memory > 0 ? { Memory, MemorySwap: 2 * Memory } : {}),
  })
  return true
}
