import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromErrorDocument } from '@sealift/api/error-document.ts'
import type { Job } from '@sealift/api/job.ts'
import { fixtureImage } from '@sealift/images/image-fixture.ts'
import { type FixtureRegistry, startFixtureRegistry } from '@sealift/images/registry-fixture.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'
import type { DataFolder } from '../data/data-folder.ts'
import { temporaryDataFolder, temporaryFolder } from '../data/data-folder-fixture.ts'
import { createServices, type Services } from '../services.ts'

/** One side of a delivery for tests: a data folder with its services, and no engine. */
export interface Side extends AsyncDisposable {
  readonly folder: DataFolder
  readonly services: Services
  /** Waits for a job and gives it back done; throws its error. */
  done(starting: Promise<Job>): Promise<Job>
}

/** A side with nothing in it, but for the keys of another one where that is asked for. */
export async function createSide({ keysOf }: { readonly keysOf?: Side } = {}): Promise<Side> {
  const own = await temporaryDataFolder()
  const folder = { ...own, ...(keysOf === undefined ? {} : { masterKey: keysOf.folder.masterKey }) }
  if (keysOf !== undefined) {
    await own.db
      .insertInto('key')
      .values(await keysOf.folder.db.selectFrom('key').selectAll().execute())
      .execute()
    await own.db
      .insertInto('trust_root')
      .values(await keysOf.folder.db.selectFrom('trust_root').selectAll().execute())
      .execute()
  }
  const services = createServices(folder, { drivers: {}, registryAddress: '127.0.0.1:7070', supervised: false })
  return {
    folder,
    services,
    async done(starting) {
      const { id } = await starting
      for await (const _ of await services.jobs.follow(id));
      const job = await services.jobs.get(id)
      if (job.error !== undefined) throw fromErrorDocument(job.error)
      return job
    },
    async [Symbol.asyncDispose]() {
      await services.jobs.close()
      await own[Symbol.asyncDispose]()
    },
  }
}

/** A vendor's workplace for tests: templates in a folder, and a registry with images. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string
  readonly registry: FixtureRegistry
  /** Writes a template of an application with one component; its file's content decides the release's. */
  template(options: { readonly application?: string; readonly version: string; readonly content?: string; readonly more?: string }): Promise<string>
}

export async function createWorkplace(): Promise<Workplace> {
  const folder = await temporaryFolder()
  const registry = await startFixtureRegistry()
  registry.addImage(await fixtureImage([randomBytes(2000), 'second layer'], { architecture: hostPlatform().architecture }), { tag: '1' })
  return {
    folder: folder.path,
    registry,
    async template({ application = 'shop', version, content = 'content', more = '' }) {
      const path = join(folder.path, `${application}-${version}.yaml`)
      await writeFile(join(folder.path, 'site.conf'), content)
      await writeFile(
        path,
        `apiVersion: sealift.dev/v1
kind: Application
name: ${application}
title: The ${application}
release: {version: ${version}}
components:
  - name: web
    workload: stateless
    image: ${registry.host}/web:1
    files: [{path: /etc/site.conf, source: ./site.conf}]
${more}`,
      )
      return path
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Publishes a template from the workplace's registry. */
export function publishFrom(workplace: Workplace, side: Side, template: string): Promise<Job> {
  return side.done(side.services.publisher.start({ template, images: 'registry', insecureRegistries: [workplace.registry.host] }))
}
