import { digestOf } from '@sealift/oci/digest.ts'
import { expect, it } from 'vitest'
import type { SnapshotCatalog, VolumeSnapshot } from './snapshot.ts'

/** A catalog, and another one that sees what the first had made durable, as after the end of the program. */
export interface SnapshotCatalogUnderTest extends AsyncDisposable {
  readonly catalog: SnapshotCatalog
  reopen(): SnapshotCatalog
}

const snapshotOf = (installation: string, number: number, volume = 'data'): VolumeSnapshot => ({
  installation,
  number,
  component: 'db',
  volume,
  source: `${installation}.db.${volume}.1`,
  target: `${installation}.db.${volume}.1.s${number}`,
  tally: { files: 3, bytes: 120, stored: 4096, tree: 'a', content: 'b' },
  takenAt: '2030-01-01T00:00:00.000Z',
  of: number - 1,
  release: { version: '1.0.0', digest: digestOf('release') },
})

/**
 * What every {@link SnapshotCatalog} does.
 * @param create an empty catalog, for the installations `shop` and `other`
 */
export function describeSnapshotCatalog(create: () => Promise<SnapshotCatalogUnderTest>): void {
  it('keeps the snapshots of each installation, the latest first', async () => {
    await using test = await create()
    for (const number of [2, 10, 4]) await test.catalog.add(snapshotOf('shop', number))
    await test.catalog.add(snapshotOf('other', 5))
    expect(await test.reopen().list('shop')).toEqual([10, 4, 2].map((number) => snapshotOf('shop', number)))
    expect(await test.reopen().list('none')).toEqual([])
  })

  it('replaces one that was taken again', async () => {
    await using test = await create()
    await test.catalog.add(snapshotOf('shop', 2))
    const again = { ...snapshotOf('shop', 2), takenAt: '2031-01-01T00:00:00.000Z' }
    await test.catalog.add(again)
    expect(await test.catalog.list('shop')).toEqual([again])
  })

  it('forgets one by its name, and leaves the others', async () => {
    await using test = await create()
    const [data, logs] = [snapshotOf('shop', 2), snapshotOf('shop', 2, 'logs')]
    await test.catalog.add(data)
    await test.catalog.add(logs)
    await test.catalog.remove('shop', data.target)
    await test.catalog.remove('shop', data.target)
    expect(await test.reopen().list('shop')).toEqual([logs])
  })
}
