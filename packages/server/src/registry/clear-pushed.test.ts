import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { clearPushed } from './clear-pushed.ts'
import { DatabaseArea } from './database-area.ts'

const LONG_AGO = '2020-01-01T00:00:00.000Z'

describe('clearing what was pushed', () => {
  let folder: Awaited<ReturnType<typeof temporaryDataFolder>>
  let area: DatabaseArea
  beforeEach(async () => {
    folder = await temporaryDataFolder()
    area = new DatabaseArea(folder.db, () => ({ [Symbol.dispose]() {} }))
  })
  afterEach(async () => folder[Symbol.asyncDispose]())

  const blob = async (text: string): Promise<Digest> => {
    await area.addBlob('app', digestOf(text), async () => {})
    return digestOf(text)
  }
  const manifest = async (text: string, parts: { blobs?: Digest[]; manifests?: Digest[]; subject?: Digest } = {}, tag?: string): Promise<Digest> => {
    const { blobs = [], manifests = [], subject } = parts
    const pushed = { digest: digestOf(text), size: 1, mediaType: MediaType.ociManifest, blobs, manifests, ...(subject === undefined ? {} : { subject }) }
    await area.putManifest('app', pushed, tag, async () => {})
    return digestOf(text)
  }
  const makeOld = async (): Promise<void> => {
    await folder.db.updateTable('registry_manifest').set({ pushed_at: LONG_AGO }).execute()
    await folder.db.updateTable('registry_blob').set({ added_at: LONG_AGO }).execute()
  }
  const left = async (): Promise<string[]> => {
    const rows = [
      ...(await folder.db.selectFrom('registry_manifest').select('digest').execute()),
      ...(await folder.db.selectFrom('registry_blob').select('digest').execute()),
    ]
    return rows.map(({ digest }) => digest)
  }
  const clear = (retentionDays: number | undefined, options: { dryRun?: boolean; isAgo?: (time: number, age: number) => boolean } = {}): Promise<number> =>
    clearPushed(folder.db, { retentionDays, dryRun: false, isAgo: (time, age) => Date.now() - time >= age, ...options })

  it('takes blobs that no manifest has needed for a day', async () => {
    const needed = await blob('needed')
    const unneeded = await blob('unneeded')
    const image = await manifest('image', { blobs: [needed] }, '1')
    expect(await clear(undefined)).toBe(0)
    await makeOld()
    expect(await clear(undefined, { dryRun: true })).toBe(1)
    expect(await left()).toContain(unneeded)
    expect(await clear(undefined)).toBe(1)
    expect((await left()).toSorted()).toEqual([image, needed].toSorted())
  })

  it('takes manifests that nothing leads to, an index with all that only it held', async () => {
    const layer = await blob('layer')
    const tagged = await manifest('tagged', {}, '1')
    const child = await manifest('child', { blobs: [layer] })
    await manifest('index', { manifests: [child] })
    const signature = await manifest('signature', { subject: tagged })
    await manifest('signature of nothing', { subject: digestOf('gone') })
    await makeOld()
    expect(await clear(undefined)).toBe(0)
    // The index, its child, the layer of that, and what is about nothing.
    expect(await clear(30)).toBe(4)
    expect((await left()).toSorted()).toEqual([tagged, signature].toSorted())
  })

  it('leaves what is young, and everything while the clock is not to be believed', async () => {
    await manifest('young')
    expect(await clear(30)).toBe(0)
    await makeOld()
    expect(await clear(30, { isAgo: () => false })).toBe(0)
    expect(await clear(30)).toBe(1)
  })
})
