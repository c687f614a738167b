import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from '@sealift/api/client.ts'
import { resultOf } from '@sealift/api/job.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { storageRoutes } from '@sealift/api/routes/storage.ts'
import { verifyBundle } from '@sealift/bundle/verify-bundle.ts'
import { startServer } from '@sealift/server/server.ts'
import { restoreBackup } from '@sealift/server/storage/backup/restore-backup.ts'
import { must } from '@sealift/testbed/command.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { kioskMissing, kioskVendor, writeKiosk } from './fixtures/kiosk.ts'
import { type Recording, RecordingDisk, recordingMissing } from './fixtures/recording-disk.ts'
import { Sealift } from './fixtures/sealift.ts'
import { chosenSeed, seededRandom } from './fixtures/seeded-random.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = (await recordingMissing()) ?? (await kioskMissing())

/** SEALIFT_POWER_SEED repeats a run, SEALIFT_POWER_CUTS makes more of them. */
const SEED = chosenSeed('SEALIFT_POWER_SEED')
const CUTS = Number(process.env.SEALIFT_POWER_CUTS ?? 50)
/** A file to which the image of a disk is copied that did not stand the cut, as the cut left it. */
const KEEP = process.env.SEALIFT_POWER_KEEP
const MEGABYTES = 192

/** A command of the workload: at which places of the record it began and had said that it was done. */
interface Step {
  readonly name: string
  readonly began: number
  readonly done: number
}

describe.skipIf(missing !== undefined)(`a power cut${missing === undefined ? ` (seed ${SEED})` : ` (skipped: ${missing})`}`, () => {
  let folder: string
  let disk: RecordingDisk | undefined
  let recording: Recording
  let site: Site
  let vendor: Sealift
  let theirs: Sealift
  const steps: Step[] = []

  beforeAll(async () => {
    console.log(`power cuts: seed ${SEED}, ${CUTS} cuts (SEALIFT_POWER_SEED, SEALIFT_POWER_CUTS)`)
    folder = join(inject('runFolder'), 'power')
    site = await openSite()
    await site.clear()
    const place = (await kioskVendor('power')).place
    disk = await RecordingDisk.create(folder, MEGABYTES)
    const root = disk.path
    vendor = new Sealift({ ...place, data: join(root, 'vendor') })
    theirs = new Sealift({ ...site.sealift('power').place, data: join(root, 'site') })
    writeFileSync(join(folder, 'passphrase'), 'long enough\n')
    const bundle = (version: string): string => join(root, `${version}.sealift`)
    const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const began = disk?.position() ?? 0
      await work()
      steps.push({ name, began, done: disk?.position() ?? 0 })
    }
    for (const [version, text] of [
      ['1.0.0', 'open'],
      ['1.1.0', 'open until late'],
    ] as const) {
      await step(`publish ${version}`, () => vendor.json('publish', writeKiosk(`power-${version}`, { version, text })))
      await step(`export ${version}`, () => vendor.json('export', `kiosk@${version}`, '--out', bundle(version)))
    }
    const [key] = await vendor.json<{ fingerprint: string }[]>('keys', 'list')
    await step('import 1.0.0', () => theirs.json('import', bundle('1.0.0'), '--trust', key?.fingerprint ?? ''))
    await step('install 1.0.0', () => theirs.json('install', 'kiosk@1.0.0', '--set', 'port=8091'))
    await step('import 1.1.0', () => theirs.json('import', bundle('1.1.0')))
    await step('upgrade 1.1.0', () => theirs.json('upgrade', 'kiosk', '--to', '1.1.0'))
    await step('backup', () => theirs.json('backup', '--out', join(root, 'site.backup'), '--passphrase-file', join(folder, 'passphrase')))
    await step('remove 1.0.0', () => vendor.json('releases', 'remove', 'kiosk@1.0.0'))
    await step('gc', () => vendor.json('gc', '--min-age', '0s'))
    await disk.stop()
    recording = disk.recording()
  })
  afterAll(async () => {
    await disk?.stop()
    await site.clear()
    rmSync(folder, { recursive: true, force: true })
  })

  const stepOf = (name: string): Step => {
    const step = steps.find((candidate) => candidate.name === name)
    if (step === undefined) throw new Error(`no step ${name}`)
    return step
  }

  const seeded = seededRandom(SEED)

  it('loses nothing that was acknowledged, and shows nothing that is not whole, wherever it comes', async () => {
    const random = (): number => seeded.next()
    const first = steps[0]?.began ?? 0
    const last = steps.at(-1)?.done ?? 0
    const entries = recording.entries.filter(({ start }) => start >= first && start < last)
    const positions = choosePositions(entries, random)
    const tally = { atStake: 0, lost: 0 }
    for (const [number, position] of positions.entries()) {
      // A file of its own for each: a loop device that is not gone yet would give out what it remembers of another one.
      const image = join(folder, `cut-${number}`)
      const { atStake, lost } = await recording.cut(position, random, image)
      tally.atStake += atStake
      tally.lost += lost
      const during = steps.find(({ began, done }) => position >= began && position < done)?.name ?? 'rest'
      const untouched = `${image}-untouched`
      if (KEEP !== undefined) await must(['cp', '--sparse=always', image, untouched])
      await mounted(image, (root) =>
        check(root, position, `cut ${number} of seed ${SEED} at ${position}, during ${during}; ${lost} of ${atStake} writes lost`),
      ).catch(async (thrown: unknown) => {
        if (KEEP !== undefined) await must(['cp', '--sparse=always', untouched, KEEP])
        throw thrown
      })
      for (const path of [image, untouched]) rmSync(path, { force: true })
    }
    console.log(`power cuts: ${positions.length} in ${entries.length} entries; ${tally.lost} of ${tally.atStake} writes at stake lost`)
    expect(positions).toHaveLength(CUTS)
    expect(tally.lost).toBeGreaterThan(CUTS)
  })

  async function mounted(image: string, work: (root: string) => Promise<void>): Promise<void> {
    const root = disk?.path ?? ''
    await must(['mount', '-o', 'loop', image, root])
    try {
      await work(root)
    } finally {
      await must(['umount', root])
    }
  }

  /** Whether a step must show, may show, or must not. */
  function expectStep(name: string, position: number, shows: boolean, what: string): void {
    const { began, done } = stepOf(name)
    if (position >= done) expect(shows, `${what}: ${name} was acknowledged`).toBe(true)
    if (position < began) expect(shows, `${what}: ${name} had not begun`).toBe(false)
  }

  async function check(root: string, position: number, what: string): Promise<void> {
    for (const sealift of [vendor, theirs]) {
      if (!existsSync(sealift.data)) continue
      expect(await lackingIn(sealift.data), what).toEqual([])
      const damaged = join(sealift.data, 'content/damaged')
      expect(existsSync(damaged) ? readdirSync(damaged) : [], `${what}: no blob may be wrong`).toEqual([])
    }
    const published = versionsIn(vendor.data)
    const imported = versionsIn(theirs.data)
    expectStep('publish 1.1.0', position, published.includes('1.1.0'), what)
    expectStep('import 1.0.0', position, imported.includes('1.0.0'), what)
    expectStep('import 1.1.0', position, imported.includes('1.1.0'), what)
    if (position < stepOf('remove 1.0.0').began) expectStep('publish 1.0.0', position, published.includes('1.0.0'), what)
    expectStep('install 1.0.0', position, revisionsIn(theirs.data).includes('1 done'), what)
    expectStep('upgrade 1.1.0', position, revisionsIn(theirs.data).includes('2 done'), what)
    for (const version of ['1.0.0', '1.1.0']) {
      const path = join(root, `${version}.sealift`)
      expectStep(`export ${version}`, position, existsSync(path), what)
      if (existsSync(path)) await verifyBundle(path)
    }
    const backup = join(root, 'site.backup')
    expectStep('backup', position, existsSync(backup), what)
    if (existsSync(backup)) {
      const data = join(folder, 'restored')
      for (const path of [data, `${data}.key`]) rmSync(path, { recursive: true, force: true })
      await restoreBackup({ from: backup, data, passphrase: 'long enough' })
      expect(versionsIn(data)).toEqual(['1.0.0', '1.1.0'])
    }
  }
})

/**
 * One half of the cuts is spread evenly over the record, each at a place of chance in its part. The other half comes
 * just before a flush, where most is at stake.
 */
function choosePositions(entries: Recording['entries'], random: () => number): number[] {
  const even = Math.ceil(CUTS / 2)
  const spread = Array.from({ length: even }, (_, cut) => entries[Math.floor(((cut + random()) / even) * entries.length)])
  let atStake = 0
  const brinks = entries.flatMap((entry, index) => {
    atStake = entry.write === undefined ? 0 : atStake + 1
    return entries[index + 1]?.write === undefined && atStake > 0 ? [{ entry, atStake }] : []
  })
  brinks.sort((a, b) => b.atStake - a.atStake)
  const rich = brinks.slice(0, 2 * CUTS)
  const chosen = Array.from({ length: CUTS - even }, () => rich.splice(Math.floor(random() * rich.length), 1)[0]?.entry)
  return [...spread, ...chosen].flatMap((entry) => (entry === undefined ? [] : [entry.end])).toSorted((a, b) => a - b)
}

/** Opens a data folder as the program does, in this process since that is quicker, and gives what a check finds lacking. */
async function lackingIn(data: string): Promise<readonly unknown[]> {
  const server = await startServer({ data })
  if (server === undefined) throw new Error(`${data} has an owner`)
  try {
    const client = createClient({ socketPath: server.socket })
    const { id } = await client.call(storageRoutes.checkStore, { body: {} })
    await server.idle()
    return resultOf(await client.call(jobRoutes.getJob, { params: { id } }), 'check').lacking
  } finally {
    await server.close()
  }
}

function rowsOf<Row>(data: string, query: string): Row[] {
  const path = join(data, 'sealift.db')
  if (!existsSync(path)) return []
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return database.prepare(query).all() as Row[]
  } finally {
    database.close()
  }
}

function versionsIn(data: string): string[] {
  return rowsOf<{ version: string }>(data, 'select version from release_label order by version').map(({ version }) => version)
}

function revisionsIn(data: string): string[] {
  return rowsOf<{ number: number; outcome: string }>(data, 'select number, outcome from revision order by number').map(
    ({ number, outcome }) => `${number} ${outcome}`,
  )
}
