import type { Environment, Target } from '@sealift/api/routes/targets.ts'
import type { Driver } from '@sealift/deploy/driver.ts'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Database } from '../database/open-database.ts'
import type { TargetRow } from '../database/tables.ts'
import type { DriverFactories, TargetAddress } from './driver-factories.ts'

/** The target and environment that exist from the start, so that a first installation needs no preparation. */
export const DEFAULT_TARGET = 'local'
export const DEFAULT_ENVIRONMENT = 'default'

/** The registered engines, the environments on them, and a driver for each. */
export class TargetRegistry {
  readonly #db: Database
  readonly #factories: DriverFactories
  readonly #drivers = new Map<string, Driver>()

  constructor(db: Database, factories: DriverFactories) {
    this.#db = db
    this.#factories = factories
  }

  /** Makes target and environment that exist from the start, in a new data folder. */
  async ensureDefaults({ driver, address }: TargetAddress): Promise<void> {
    const local = { name: DEFAULT_TARGET, driver, address }
    await this.#db.transaction().execute(async (tx) => {
      if ((await tx.selectFrom('target').select('name').executeTakeFirst()) !== undefined) return
      await tx.insertInto('target').values(local).execute()
      await tx.insertInto('environment').values({ name: DEFAULT_ENVIRONMENT, target: DEFAULT_TARGET }).execute()
    })
  }

  /** All targets, each with what answers there. */
  async list(): Promise<Target[]> {
    const rows = await this.#db.selectFrom('target').selectAll().orderBy('name').execute()
    return Promise.all(
      rows.map(async (row) => {
        try {
          return { ...row, engine: (await this.#driver(row).capabilities()).engine }
        } catch (thrown) {
          return { ...row, engine: messageOf(thrown) }
        }
      }),
    )
  }

  /** @throws SealiftError `NAME_TAKEN`, `DRIVER_UNKNOWN`, `ENGINE_ADDRESS_INVALID`, `ENGINE_UNREACHABLE` */
  async add(target: TargetRow): Promise<Target> {
    const driver = this.#make(target)
    try {
      const { engine } = await driver.capabilities()
      const added = await this.#db
        .insertInto('target')
        .values(target)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('name')
        .executeTakeFirst()
      if (added === undefined) throw new SealiftError('NAME_TAKEN', `there is a target ${target.name} already`)
      this.#drivers.set(target.name, driver)
      return { ...target, engine }
    } catch (thrown) {
      await driver[Symbol.asyncDispose]()
      throw thrown
    }
  }

  /** @throws SealiftError `TARGET_NOT_FOUND`, `TARGET_IN_USE` */
  async remove(name: string): Promise<Target> {
    const row = await this.#target(name)
    const used = await this.#db.selectFrom('environment').select('name').where('target', '=', name).execute()
    if (used.length > 0)
      throw new SealiftError('TARGET_IN_USE', `target ${name} carries the environments ${used.map((environment) => environment.name).join(', ')}`)
    await this.#db.deleteFrom('target').where('name', '=', name).execute()
    await this.#drivers.get(name)?.[Symbol.asyncDispose]()
    this.#drivers.delete(name)
    return row
  }

  async listEnvironments(): Promise<Environment[]> {
    const rows = await this.#db.selectFrom('environment').selectAll().orderBy('name').execute()
    const counts = await this.#db
      .selectFrom('installation')
      .select((eb) => ['environment', eb.fn.countAll<number>().as('count')])
      .groupBy('environment')
      .execute()
    return rows.map((row) => ({ ...row, installations: counts.find(({ environment }) => environment === row.name)?.count ?? 0 }))
  }

  /** @throws SealiftError `NAME_TAKEN`, `TARGET_NOT_FOUND` */
  async addEnvironment(environment: { readonly name: string; readonly target: string }): Promise<Environment> {
    await this.#target(environment.target)
    const added = await this.#db
      .insertInto('environment')
      .values(environment)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('name')
      .executeTakeFirst()
    if (added === undefined) throw new SealiftError('NAME_TAKEN', `there is an environment ${environment.name} already`)
    return { ...environment, installations: 0 }
  }

  /** @throws SealiftError `ENVIRONMENT_NOT_FOUND`, `TARGET_IN_USE` */
  async removeEnvironment(name: string): Promise<Environment> {
    const environment = (await this.listEnvironments()).find((candidate) => candidate.name === name)
    if (environment === undefined) throw environmentNotFound(name)
    if (environment.installations > 0) throw new SealiftError('TARGET_IN_USE', `environment ${name} holds ${environment.installations} installations`)
    await this.#db.deleteFrom('environment').where('name', '=', name).execute()
    return environment
  }

  /** The driver for an environment. @throws SealiftError `ENVIRONMENT_NOT_FOUND`, `DRIVER_UNKNOWN`, `ENGINE_ADDRESS_INVALID` */
  async driverOf(environment: string): Promise<Driver> {
    const row = await this.#db
      .selectFrom('environment')
      .innerJoin('target', 'target.name', 'environment.target')
      .selectAll('target')
      .where('environment.name', '=', environment)
      .executeTakeFirst()
    if (row === undefined) throw environmentNotFound(environment)
    return this.#driver(row)
  }

  /** Ends all connections to engines. */
  async close(): Promise<void> {
    const drivers = [...this.#drivers.values()]
    this.#drivers.clear()
    await using closing = new AsyncDisposableStack()
    for (const driver of drivers) closing.use(driver)
  }

  #driver(target: TargetRow): Driver {
    const known = this.#drivers.get(target.name)
    if (known !== undefined) return known
    const driver = this.#make(target)
    this.#drivers.set(target.name, driver)
    return driver
  }

  #make({ name, driver, address }: TargetRow): Driver {
    const factory = Object.hasOwn(this.#factories, driver) ? this.#factories[driver] : undefined
    if (factory !== undefined) return factory(address)
    throw new SealiftError('DRIVER_UNKNOWN', `target ${name} needs the driver ${driver}; there are: ${Object.keys(this.#factories).join(', ')}`)
  }

  async #target(name: string): Promise<TargetRow> {
    const row = await this.#db.selectFrom('target').selectAll().where('name', '=', name).executeTakeFirst()
    if (row === undefined) throw new SealiftError('TARGET_NOT_FOUND', `there is no target ${name}`)
    return row
  }
}

function environmentNotFound(name: string): SealiftError {
  return new SealiftError('ENVIRONMENT_NOT_FOUND', `there is no environment ${name}`)
}
