import { open } from 'node:fs/promises'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { type Digest, digestOf } from '@sealift/oci/digest.ts'
import { describe, expect, it } from 'vitest'
import { createVendor, mixedContent, publish } from './bundle-fixture.ts'
import { Bundle } from './read/bundle.ts'
import { takeBlobs } from './take-blobs.ts'
import { writeBundle } from './write/write-bundle.ts'

describe('taking single blobs from a bundle', () => {
  it('takes those wanted, and tells which are not there', async () => {
    await using vendor = await createVendor()
    const content = mixedContent()
    const release = await publish(vendor, '1', content)
    await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: 'unsigned', creator: 'test' })
    const store = createMemoryStore()
    const wanted = new Set(content.map((bytes) => digestOf(bytes)))
    wanted.delete(digestOf(content[1] as Buffer))
    const absent = digestOf('absent')
    const taken = await takeBlobs(vendor.file, { store, wanted: new Set([...wanted, absent]), damaged: () => expect.unreachable() })
    expect(taken).toEqual(wanted)
    for (const bytes of content) {
      if (wanted.has(digestOf(bytes))) expect((await readBlob(store, digestOf(bytes))).equals(bytes)).toBe(true)
      else expect(await store.info(digestOf(bytes))).toBeUndefined()
    }
  })

  it('takes what is sound from a bundle that is damaged', async () => {
    await using vendor = await createVendor()
    const content = mixedContent()
    const release = await publish(vendor, '1', content)
    await writeBundle({ store: vendor.store, releases: [release], out: vendor.file, key: vendor.key, creator: 'test' })
    const entries = await (async () => {
      await using bundle = await Bundle.open(vendor.file)
      return bundle.members.flatMap((member, position) => {
        const entry = bundle.head.index.entries[position - bundle.head.index.packs.length]
        return entry === undefined ? [] : [{ digest: entry.digest, at: bundle.head.size + member.offset }]
      })
    })()
    const { digest: hit, at } = entries[1] as { digest: Digest; at: number }
    const file = await open(vendor.file, 'r+')
    await file.write(Buffer.from('damage'), 0, 6, at + 20)
    await file.close()
    const store = createMemoryStore()
    const wanted = new Set(content.map((bytes) => digestOf(bytes)))
    const damaged: Digest[] = []
    const taken = await takeBlobs(vendor.file, { store, wanted, damaged: (digest) => damaged.push(digest) })
    expect(damaged).toEqual([hit])
    expect(taken).toEqual(new Set([...wanted].filter((digest) => digest !== hit)))
    expect(await store.info(hit)).toBeUndefined()
  })
})
