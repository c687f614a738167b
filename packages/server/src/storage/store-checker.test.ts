import { open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checked } from '@sealift/api/checked.ts'
import type { Descriptor } from '@sealift/oci/descriptor.ts'
import { type Digest, hexOf } from '@sealift/oci/digest.ts'
import type { Release } from '@sealift/template/release.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSide, createWorkplace, publishFrom, type Side, type Workplace } from '../library/library-fixture.ts'

function layersOf({ images }: Release): readonly [Descriptor, Descriptor] {
  const [first, second] = Object.values(images)[0]?.platforms[0]?.layers ?? []
  if (first === undefined || second === undefined) throw new Error('the release has no image of two layers')
  return [first, second]
}

describe('a check of the content', () => {
  let workplace: Workplace
  let side: Side
  let bundle: string
  beforeEach(async () => {
    workplace = await createWorkplace()
    side = await createSide()
    await publishFrom(workplace, side, await workplace.template({ version: '1.0.0' }))
    bundle = join(workplace.folder, 'shop.sealift')
    await side.done(side.services.exporter.start({ application: 'shop', version: '1.0.0', out: bundle }))
  })
  afterEach(async () => {
    await side[Symbol.asyncDispose]()
    await workplace[Symbol.asyncDispose]()
  })

  const check = async (request: { from?: string[]; restart?: boolean } = {}): Promise<Checked> =>
    (await side.done(side.services.checker.start(request))).result as Checked

  const fileOf = async (digest: Digest): Promise<string> => {
    const plain = join(side.folder.path, 'content/blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest))
    return (await stat(plain).catch(() => undefined)) === undefined ? `${plain}.zst` : plain
  }
  const damage = async (digest: Digest): Promise<void> => {
    const file = await open(await fileOf(digest), 'r+')
    await file.write(Buffer.from('#'), 0, 1, 3)
    await file.close()
  }

  it('reads everything, and finds a sound store sound', async () => {
    let bytes = 0
    let count = 0
    for await (const { size } of side.folder.store.list()) {
      bytes += size
      count++
    }
    expect(await check()).toMatchObject({ checked: { count, bytes }, continued: false, repaired: [], lacking: [] })
  })

  it('tells what is damaged or missing and who needs it, and brings it back from a bundle', async () => {
    const { row, release } = await side.services.library.find('shop', '1.0.0')
    const [layer, other] = layersOf(release)
    await damage(layer.digest)
    await rename(await fileOf(other.digest), join(workplace.folder, 'gone'))
    await damage(row.digest)
    const first = await check()
    const neededBy = ['release shop 1.0.0']
    // Without its document it can't be told that the release needs the others.
    expect(first.lacking).toEqual([{ digest: row.digest, damaged: true, neededBy }])
    const second = await check({ from: [bundle] })
    expect(new Set(second.repaired)).toEqual(new Set([row.digest, layer.digest, other.digest]))
    expect(second.lacking).toEqual([])
    expect((await check()).lacking).toEqual([])
  })

  it('tells of each blob whether it was damaged or is missing', async () => {
    const { release } = await side.services.library.find('shop', '1.0.0')
    const [layer, other] = layersOf(release)
    await damage(layer.digest)
    await rename(await fileOf(other.digest), join(workplace.folder, 'gone'))
    const { lacking } = await check()
    const neededBy = ['release shop 1.0.0']
    expect(lacking).toHaveLength(2)
    expect(lacking).toContainEqual({ digest: layer.digest, damaged: true, neededBy })
    expect(lacking).toContainEqual({ digest: other.digest, damaged: false, neededBy })
  })

  it('goes on where an earlier one was cut off, unless told to begin anew', async () => {
    const digests: Digest[] = []
    for await (const { digest } of side.folder.store.list()) digests.push(digest)
    digests.sort()
    await side.folder.db
      .insertInto('setting')
      .values({ name: 'store-check', value: digests[2] as string })
      .execute()
    expect(await check()).toMatchObject({ checked: { count: digests.length - 3 }, continued: true })
    expect(await check()).toMatchObject({ checked: { count: digests.length }, continued: false })
  })
})
