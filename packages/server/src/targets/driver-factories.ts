import type { Driver } from '@sealift/deploy/driver.ts'
import { createDockerDriver } from '@sealift/driver-docker/docker-driver.ts'
import { defaultEngineAddress } from '@sealift/driver-docker/engine-address.ts'

/** Makes a driver for an address, asking nothing of what is there. Throws where the address is none of its kind. */
export type DriverFactory = (address: string) => Driver

/** The drivers that there are, by the name that a target gives. */
export type DriverFactories = Readonly<Record<string, DriverFactory>>

/** A driver and the address of what it drives. */
export interface TargetAddress {
  readonly driver: string
  readonly address: string
}

/** The drivers of this program. */
export const DRIVERS: DriverFactories = { docker: (address) => createDockerDriver({ address }) }

/** What the target that exists from the start points to: the engine of this machine. */
export function localTarget(): TargetAddress {
  return { driver: 'docker', address: defaultEngineAddress() }
}
