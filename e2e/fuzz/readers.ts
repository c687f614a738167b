import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { contentsOf } from '@sealift/bundle/bundle-fixture.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import { type SignedRoot, verifyChain } from '@sealift/bundle/trust/root-chain.ts'
import { createMemoryStore } from '@sealift/content/memory/memory-store.ts'
import { classicArchive, fixtureImage } from '@sealift/images/image-fixture.ts'
import { ingestDockerArchive } from '@sealift/images/ingest-docker-archive.ts'
import { encodeTarHeader, paddingOf, TAR_BLOCK } from '@sealift/oci/tar-header.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { parseTemplate } from '@sealift/template/parse-template.ts'
import { encodeRelease, parseRelease } from '@sealift/template/release.ts'
import { SHOP } from '@sealift/template/template-for-tests.ts'
import { MAX_CHANGES, makeBundleCase } from './bundle-cases.ts'
import { makeCorpus } from './corpus.ts'
import { codeOfRefusal, Finding } from './finding.ts'
import { judgeBundle } from './judge-bundle.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { type Json, mutateJson, mutateJsonText } from './mutate-json.ts'
import { mutateYaml } from './mutate-yaml.ts'
import type { Random } from './random.ts'
import type { Reader } from './reader.ts'

/** The changes of a case: one, two or three. */
function changesOf(random: Random, keep: (change: number) => boolean): readonly number[] {
  return [...Array(1 + random.below(MAX_CHANGES)).keys()].filter(keep)
}

/** Imports of bundles into stores on disk are tried once in so many cases: they take longer. */
const ON_DISK = 50

async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (thrown) {
    return codeOfRefusal(thrown)
  }
}

const bundles: Reader = {
  name: 'bundles',
  share: 1000,
  async prepare(seed, parent) {
    const corpus = await makeCorpus(seed)
    const folder = join(parent, 'bundle')
    await mkdir(folder)
    return {
      async make(random, number, keep) {
        const made = await makeBundleCase(corpus, random, keep)
        return {
          ...made,
          judge: () => judgeBundle(made, corpus, { folder, onDisk: number % ON_DISK === 0 }),
        }
      },
    }
  },
}

/** `docker save` archives: tar headers, the JSON files in them, and what they are compressed with. */
const archives: Reader = {
  name: 'archives',
  share: 60,
  async prepare() {
    const image = await fixtureImage(['one', 'two '.repeat(400), Buffer.alloc(3000, 7)])
    const other = await fixtureImage(['one', 'three'])
    const archive = await classicArchive([
      { image, tags: ['shop/web:1'] },
      { image: other, tags: null },
    ])
    return {
      async make(random, _number, keep) {
        let bytes: Buffer = archive
        for (const change of changesOf(random, keep)) bytes = (random.fork(change).chance(0.5) ? mutateBytes : mutateTar)(bytes, random.fork(change))
        const packed = random.pick([(plain: Buffer) => plain, (plain: Buffer) => gzipSync(plain), (plain: Buffer) => zstdCompressSync(plain)])(bytes)
        if (random.chance(0.1)) bytes = mutateBytes(packed, random.fork('packed'))
        else bytes = packed
        return {
          description: 'an image archive',
          bytes,
          async judge() {
            const store = createMemoryStore()
            const result = await outcomeOf(() => ingestDockerArchive(Readable.from([bytes]), store))
            await contentsOf(store).catch((thrown: unknown) => {
              throw new Finding(`a wrong byte was stored: ${String(thrown)}`)
            })
            return result
          },
        }
      },
    }
  },
}

const templates: Reader = {
  name: 'templates',
  share: 100,
  async prepare() {
    return {
      async make(random, _number, keep) {
        let text = SHOP
        for (const change of changesOf(random, keep)) text = mutateYaml(text, random.fork(change))
        return { description: 'a template', bytes: Buffer.from(text), judge: () => outcomeOf(() => parseTemplate(text, 'shop.yaml')) }
      },
    }
  },
}

const releases: Reader = {
  name: 'releases',
  share: 100,
  async prepare(seed) {
    const { release } = await makeCorpus(seed)
    return {
      async make(random, _number, keep) {
        let value = release as unknown as Json
        for (const change of changesOf(random, keep)) value = mutateJson(value, random.fork(change))
        let bytes = Buffer.from(canonicalJson(value))
        if (random.chance(0.3)) bytes = Buffer.from((random.chance(0.5) ? mutateBytes : mutateJsonText)(bytes, random.fork('text')))
        return {
          description: 'a release document',
          bytes,
          judge: () =>
            outcomeOf(() => {
              if (!encodeRelease(parseRelease(bytes)).equals(bytes)) throw new Finding('a release was read that would be written in another way')
            }),
        }
      },
    }
  },
}

const roots: Reader = {
  name: 'trust roots',
  share: 100,
  async prepare(seed) {
    const { roots: sound, key } = await makeCorpus(seed)
    return {
      async make(random, _number, keep) {
        const chain: SignedRoot[] = [...sound]
        for (const change of changesOf(random, keep)) {
          const numbers = random.fork(change)
          const at = numbers.below(chain.length)
          const { document, signatures } = chain[at] as SignedRoot
          if (numbers.chance(0.3)) chain[at] = { document, signatures: signatures.map((signature) => mutateBytes(signature, numbers)) }
          else {
            const changed = numbers.chance(0.3)
              ? (numbers.chance(0.5) ? mutateBytes : mutateJsonText)(document, numbers)
              : Buffer.from(JSON.stringify(mutateJson(JSON.parse(document.toString()) as Json, numbers)))
            chain[at] = { document: changed, signatures: numbers.chance(0.7) ? [sign(key, PayloadType.root, changed)] : signatures }
            // What can't be read any more can't be changed once more either.
            if (!isJson(changed)) break
          }
        }
        return {
          description: 'a chain of trust roots',
          bytes: Buffer.concat(chain.flatMap(({ document, signatures }) => [document, ...signatures])),
          judge: () => outcomeOf(() => verifyChain(chain, 'trust root')),
        }
      },
    }
  },
}

/** Everything that reads what comes from outside. */
export const READERS: readonly Reader[] = [bundles, archives, templates, releases, roots]

/** Tar headers that say something else, their sum right; and the documents in the archive. */
function mutateTar(bytes: Buffer, random: Random): Buffer {
  const members: { readonly at: number; readonly size: number }[] = []
  for (let at = 0; at + TAR_BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8) || 0
    members.push({ at, size })
    at += TAR_BLOCK + size + paddingOf(size)
  }
  const target = random.pick(members)
  if (target === undefined) return bytes
  const copy = Buffer.from(bytes)
  const header = copy.subarray(target.at, target.at + TAR_BLOCK)
  const content = copy.subarray(target.at + TAR_BLOCK, target.at + TAR_BLOCK + target.size)
  const names = ['manifest.json', 'index.json', '../../../etc/passwd', '/etc/passwd', 'a/../b', '', `blobs/sha256/${'0'.repeat(64)}`, 'x'.repeat(99)]
  switch (random.below(6)) {
    case 0:
      encodeTarHeader(random.pick(names), target.size).copy(header)
      return copy
    case 1:
      header.write(random.pick(['1', '2', '3', '5', 'x', 'g', 'L', 'K', 'S', '7', '\0']), 156, 'latin1')
      header.write(`${random.pick(names)}\0`, 157, 'latin1')
      break
    case 2:
      header.write(random.pick(['77777777777', '00000000000', '-0000000001', 'xxxxxxxxxxx']), 124, 'latin1')
      break
    case 3:
      header.set([0x80, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 124)
      break
    default: {
      // A document in it, of the same length.
      if (!isJson(content)) return mutateBytes(bytes, random)
      const changed = Buffer.from(JSON.stringify(mutateJson(JSON.parse(content.toString()) as Json, random)))
      const name = header.toString('latin1', 0, header.indexOf(0))
      const padded = Buffer.concat([encodeTarHeader(name, changed.length), changed, Buffer.alloc(paddingOf(changed.length))])
      const end = target.at + TAR_BLOCK + target.size + paddingOf(target.size)
      return Buffer.concat([bytes.subarray(0, target.at), padded, bytes.subarray(end)])
    }
  }
  header.fill(' ', 148, 156)
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return copy
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString())
    return true
  } catch {
    return false
  }
}
