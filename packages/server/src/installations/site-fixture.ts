import { randomUUID } from 'node:crypto'
import type { Change } from '@sealift/api/change.ts'
import { fromErrorDocument } from '@sealift/api/error-document.ts'
import type { Job } from '@sealift/api/job.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { VirtualClock } from '@sealift/deploy/pipeline/virtual-clock.ts'
import type { TestRelease } from '@sealift/deploy/test-release.ts'
import { MemoryDriver } from '@sealift/driver-memory/memory-driver.ts'
import { MemoryEngine } from '@sealift/driver-memory/memory-engine.ts'
import { fixtureImage } from '@sealift/images/image-fixture.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { encodeRelease, type Release } from '@sealift/template/release.ts'
import type { DataFolder } from '../data/data-folder.ts'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { createServices, type Services } from '../services.ts'

/** A site for tests: a data folder with services over an engine in memory, whose time passes by itself. */
export interface Site extends AsyncDisposable {
  readonly folder: DataFolder
  readonly engine: MemoryEngine
  /** Those of the program that runs now. */
  readonly services: Services
  /** Ends the program as a kill would, and starts it again. */
  restart(): Promise<void>
  /** Puts a release with its content into the library. */
  hold(release: TestRelease): Promise<Release>
  /** Runs a change to its end and gives its job back done; throws its error. */
  change(change: Change): Promise<Job>
  /** Waits for a job; throws its error. */
  done(starting: Promise<Job>): Promise<Job>
}

/** @param engine shared with another site; without it one of its own */
export async function createSite(engine = new MemoryEngine(new VirtualClock())): Promise<Site> {
  const folder = await temporaryDataFolder()
  const { clock } = engine
  const start = async (): Promise<Services> => {
    const drivers = { memory: () => new MemoryDriver(engine) }
    const services = createServices(folder, { drivers, registryAddress: '127.0.0.1:7070', supervised: true, clock })
    await services.jobs.recover()
    await services.targets.ensureDefaults({ driver: 'memory', address: 'here' })
    return services
  }
  let services = await start()
  return {
    folder,
    engine,
    get services() {
      return services
    },
    async restart() {
      await services.supervisor.close()
      await services.cron.close()
      services = await start()
    },
    async hold({ release, contents }) {
      for (const content of contents.values()) await writeBlob(folder.store, content)
      const real = { ...release, images: await realImages(folder, release.images) }
      const digest = await writeBlob(folder.store, encodeRelease(real))
      await services.library.add([{ digest, release: real, signature: null, signer: '', origin: 'imported' }])
      return real
    },
    change: (change) => done(services, services.changes.start(change)),
    done: (starting) => done(services, starting),
    async [Symbol.asyncDispose]() {
      await services.supervisor.close()
      await services.cron.close()
      await services.jobs.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function done(services: Services, starting: Promise<Job>): Promise<Job> {
  const { id } = await starting
  for await (const _ of await services.jobs.follow(id));
  const job = await services.jobs.get(id)
  if (job.error !== undefined) throw fromErrorDocument(job.error)
  return job
}

/** Images with content in the store, so that they can be transferred. */
async function realImages({ store }: DataFolder, images: Release['images']): Promise<Release['images']> {
  const real: Release['images'] = {}
  for (const [text, { reference }] of Object.entries(images)) {
    const { config, layers, configDigest } = await fixtureImage([`layer of ${text}`], { command: text })
    await writeBlob(store, config)
    for (const { tar } of layers) await writeBlob(store, tar)
    const descriptor = (mediaType: string, digest: typeof configDigest, size: number) => ({ mediaType, digest, size })
    const manifest = Buffer.from(randomUUID())
    const platform = {
      platform: hostPlatform(),
      manifest: descriptor(MediaType.ociManifest, await writeBlob(store, manifest), manifest.length),
      config: descriptor(MediaType.ociConfig, configDigest, config.length),
      layers: layers.map(({ diffId, tar }) => descriptor(MediaType.ociLayer, diffId, tar.length)),
      provenance: { source: 'engine', verified: 'none', originals: [] } as const,
    }
    real[text] = { reference, platforms: [platform] }
  }
  return real
}

/** The installation of the shop that tests are about. */
export function installOf(more: Partial<Extract<Change, { kind: 'install' }>> = {}): Change {
  return {
    kind: 'install',
    application: 'shop',
    version: 'latest',
    name: 'shop',
    environment: 'default',
    values: { parameters: { domain: 'shop.example' } },
    ...more,
  }
}

/** Its upgrade. */
export function upgradeOf(more: Partial<Extract<Change, { kind: 'upgrade' }>> = {}): Change {
  return { kind: 'upgrade', name: 'shop', version: 'latest', values: {}, take: [], decline: [], prune: false, allowOlder: false, ...more }
}
