import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Collected } from '@sealift/api/collected.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { shop1, shop2 } from '@sealift/driver-memory/shop-releases.ts'
import { contentOf } from '@sealift/template/release.ts'
import { describe, expect, it } from 'vitest'
import { createSite, installOf, upgradeOf } from '../installations/site-fixture.ts'
import { createSide, createWorkplace, publishFrom } from '../library/library-fixture.ts'
import type { Services } from '../services.ts'

const ROUNDS = 6

/** Collects again and again, with no regard to age, until disposed of. */
function collectForever({ collector, jobs }: Services): AsyncDisposable & { readonly taken: () => number; readonly runs: () => number } {
  const state = { stop: false }
  let taken = 0
  let runs = 0
  const running = (async () => {
    while (!state.stop) {
      const { id } = await collector.start({ minAge: 0 })
      for await (const _ of await jobs.follow(id));
      const { result, error } = await jobs.get(id)
      expect(error).toBeUndefined()
      runs++
      taken += (result as Collected).removed.find(({ kind }) => kind === 'content')?.count ?? 0
    }
  })()
  return {
    taken: () => taken,
    runs: () => runs,
    async [Symbol.asyncDispose]() {
      state.stop = true
      await running
    },
  }
}

describe('a collection that never rests', () => {
  it('takes nothing from publications, exports, imports and pulls', async () => {
    await using workplace = await createWorkplace()
    await using vendor = await createSide()
    await using site = await createSide()
    await using there = collectForever(vendor.services)
    await using here = collectForever(site.services)
    let trust: string[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      // Most content stays the same from round to round: it is found there, and not written.
      await publishFrom(workplace, vendor, await workplace.template({ version: `${round}.0.0`, content: `round ${round}` }))
      const out = join(workplace.folder, `${round}.sealift`)
      await vendor.done(vendor.services.exporter.start({ application: 'shop', version: `${round}.0.0`, out }))
      trust = (await vendor.services.keys.list()).map(({ fingerprint }) => fingerprint)
      await site.done(site.services.importer.start({ path: out, trust }))
      const { release } = await site.services.library.find('shop', `${round}.0.0`)
      for (const { digest, size } of contentOf(release)) expect(await readBlob(site.folder.store, digest)).toHaveLength(size)
      // Without any release the content is nobody's, and comes again with the next round.
      await site.services.releaseRemover.remove('shop', `${round}.0.0`)
      if (round % 2 === 0) await vendor.services.releaseRemover.remove('shop', `${round}.0.0`)
    }
    expect(there.runs()).toBeGreaterThan(ROUNDS)
    expect(here.taken()).toBeGreaterThan(ROUNDS)
    expect((await vendor.services.library.list()).map(({ version }) => version)).toEqual(['5.0.0', '3.0.0', '1.0.0'])
  })

  it('takes nothing from installations and what they can go back to, also where their releases are gone', async () => {
    await using site = await createSite()
    await site.hold(shop1())
    await site.hold(shop2())
    await using collecting = collectForever(site.services)
    await site.change(installOf({ version: '1.0.0' }))
    await site.change(upgradeOf({ version: '2.0.0' }))
    await site.folder.db.deleteFrom('release_label').execute()
    await site.folder.db.deleteFrom('release').execute()
    const runs = collecting.runs()
    while (collecting.runs() < runs + 2) await sleep(5)
    expect(await site.change({ kind: 'rollback', name: 'shop', to: 1 })).toMatchObject({ state: 'done' })
  })
})
