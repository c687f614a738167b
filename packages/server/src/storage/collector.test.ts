import { randomBytes } from 'node:crypto'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Collected } from '@sealift/api/collected.ts'
import { readBlob, writeBlob } from '@sealift/content/read-blob.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { contentOf } from '@sealift/template/release.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSide, createWorkplace, publishFrom, type Side, type Workplace } from '../library/library-fixture.ts'
import { createServices } from '../services.ts'
import { machineTime } from './site-clock.ts'

describe('collection', () => {
  let workplace: Workplace
  let side: Side
  beforeEach(async () => {
    workplace = await createWorkplace()
    side = await createSide()
  })
  afterEach(async () => {
    await side[Symbol.asyncDispose]()
    await workplace[Symbol.asyncDispose]()
  })

  const collect = async (request: { dryRun?: boolean; minAge?: number } = { minAge: 0 }): Promise<Collected> =>
    (await side.done(side.services.collector.start(request))).result as Collected
  const contentKept = async (): Promise<Digest[]> => {
    const digests: Digest[] = []
    for await (const { digest } of side.folder.store.list()) digests.push(digest)
    return digests
  }

  it('keeps releases with all their content, and takes what a removed one had alone', async () => {
    const { library, releaseRemover } = side.services
    await publishFrom(workplace, side, await workplace.template({ version: '1.0.0', content: 'first' }))
    await publishFrom(workplace, side, await workplace.template({ version: '2.0.0', content: 'second' }))
    const before = await contentKept()
    expect(await collect()).toMatchObject({ dryRun: false, removed: [], freed: 0, needed: { count: before.length }, waiting: { count: 0 } })
    const { row, release } = await library.find('shop', '1.0.0')
    await releaseRemover.remove('shop', '1.0.0')
    const expected = { removed: [{ kind: 'content', count: 3 }], waiting: { count: 0 } }
    expect(await collect({ dryRun: true, minAge: 0 })).toMatchObject({ dryRun: true, ...expected })
    expect(await contentKept()).toHaveLength(before.length)
    const collected = await collect()
    expect(collected).toMatchObject(expected)
    expect(collected.freed).toBeGreaterThan(0)
    const after = new Set(await contentKept())
    expect(new Set(before.filter((digest) => !after.has(digest)))).toEqual(new Set([row.digest, row.signature, release.files['./site.conf']?.digest]))
    for (const { digest } of contentOf((await library.find('shop', '2.0.0')).release)) await readBlob(side.folder.store, digest)
  })

  it('keeps whatever any row of the database names, also in the middle of a text', async () => {
    const { store, db } = side.folder
    const named = await writeBlob(store, randomBytes(10))
    await writeBlob(store, randomBytes(10))
    await db
      .insertInto('setting')
      .values({ name: 'of a later version', value: JSON.stringify({ deep: [`x ${named} y`] }) })
      .execute()
    expect(await collect()).toMatchObject({ needed: { count: 1 }, removed: [{ kind: 'content', count: 1, bytes: 10 }] })
    expect(await contentKept()).toEqual([named])
  })

  it('keeps for a day what nothing needs, and does not believe the times of files before the clock was watched for as long', async () => {
    const { store, path } = side.folder
    const digest = await writeBlob(store, randomBytes(10))
    const hex = digest.slice('sha256:'.length)
    await utimes(join(path, 'content/blobs/sha256', hex.slice(0, 2), hex), 0, 0)
    expect(await collect({})).toMatchObject({ removed: [], waiting: { count: 1, bytes: 10 }, steady: false })
  })

  it('takes nothing where it can not be told what a release needs', async () => {
    await publishFrom(workplace, side, await workplace.template({ version: '1.0.0' }))
    const { row } = await side.services.library.find('shop', '1.0.0')
    await writeBlob(side.folder.store, randomBytes(10))
    await side.folder.store.delete(row.digest)
    const before = await contentKept()
    // After a restart, that is: what was read once is remembered.
    const { collector, jobs } = createServices(side.folder, { drivers: {}, registryAddress: '127.0.0.1:7070', supervised: false })
    const { id } = await collector.start({ minAge: 0 })
    await jobs.idle()
    expect((await jobs.get(id)).error).toMatchObject({
      code: 'CONTENT_MISSING',
      message: expect.stringContaining('release shop 1.0.0'),
      hint: expect.stringContaining('once more'),
    })
    expect(await contentKept()).toEqual(before)
  })

  it('clears what work that was given up left, and records of jobs that nobody will read', async () => {
    const { path, db } = side.folder
    await writeFile(join(path, 'content/tmp/left'), 'over')
    const job = (id: number, state: string) => ({
      id,
      kind: 'verify',
      title: 'verify x',
      state,
      created_at: '2020-01-01T00:00:00Z',
      ended_at: '2020-01-01T00:00:00Z',
      request_json: '{}',
      result_json: null,
      error_json: null,
    })
    for (let id = 1; id <= 520; id++)
      await db
        .insertInto('job')
        .values(job(id, id === 7 ? 'interrupted' : 'done'))
        .execute()
    // Nothing of that age is believed yet.
    expect((await collect()).removed).toEqual([{ kind: 'temporary', count: 1, bytes: 4 }])
    const watched = { boot: machineTime.boot(), uptime: machineTime.uptime(), wall: Date.now(), passed: 1e11, steadySince: 0, steadyWall: Date.now() - 1e11 }
    await db
      .updateTable('setting')
      .set({ value: JSON.stringify(watched) })
      .where('name', '=', 'site-clock')
      .execute()
    // Two collections were recorded meanwhile; the latest 500 stay, and the interrupted one.
    expect((await collect()).removed).toEqual([{ kind: 'jobs', count: 21, bytes: 0 }])
    const left = await db.selectFrom('job').select('id').orderBy('id').execute()
    expect(left.slice(0, 2).map(({ id }) => id)).toEqual([7, 23])
  })

  it('does not run twice at once', async () => {
    await writeBlob(side.folder.store, randomBytes(10))
    // Which of them comes first is nobody's business.
    const outcomes = await Promise.allSettled([1, 2].map(() => side.services.collector.start({ minAge: 0 })))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refused).toMatchObject([{ code: 'JOB_CONFLICT' }])
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') await side.done(Promise.resolve(outcome.value))
  })
})
