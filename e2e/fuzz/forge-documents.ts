import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { TAR_END } from '@sealift/oci/tar-header.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import type { Corpus } from './corpus.ts'
import { member, placed, putTogether, type RawIndex } from './hostile-file.ts'
import { type Json, mutateJson, mutateJsonText } from './mutate-json.ts'
import type { Random } from './random.ts'

/** The documents of a bundle that is written anew. */
interface Documents {
  release: Buffer
  releaseSignature: Buffer
  roots: { document: Buffer; signatures: readonly Buffer[] }[]
}

type Forgery = (documents: Documents, corpus: Corpus, random: Random) => void

/** A release document that says something else, and is signed as it is. */
const changeRelease: Forgery = (documents, { release, key }, random) => {
  let value = release as unknown as Json
  for (let count = 1 + random.below(3); count > 0; count--) value = mutateJson(value, random)
  documents.release = Buffer.from(random.chance(0.8) ? canonicalJson(value) : JSON.stringify(value))
  if (random.chance(0.1)) documents.release = mutateJsonText(documents.release, random)
  documents.releaseSignature = sign(key, PayloadType.release, documents.release)
}

const changeRoot: Forgery = ({ roots }, { key }, random) => {
  const target = roots[random.below(roots.length)]
  if (target === undefined) return
  const changed = mutateJson(JSON.parse(target.document.toString()) as Json, random)
  target.document = Buffer.from(JSON.stringify(changed))
  if (random.chance(0.2)) target.document = mutateJsonText(target.document, random)
  if (random.chance(0.7)) target.signatures = [sign(key, PayloadType.root, target.document)]
}

const changeChain: Forgery = (documents, { key, stranger }, random) => {
  const { roots } = documents
  const at = random.below(roots.length)
  switch (random.below(6)) {
    case 0:
      roots.splice(at, 1)
      break
    case 1:
      roots.splice(at, 0, ...roots.slice(at, at + 1))
      break
    case 2:
      roots.reverse()
      break
    case 3:
      roots[at] = { ...(roots[at] as Documents['roots'][number]), signatures: [] }
      break
    case 4:
      roots[at] = { ...(roots[at] as Documents['roots'][number]), signatures: roots[0]?.signatures ?? [] }
      break
    default: {
      const { document } = roots[at] as Documents['roots'][number]
      roots[at] = {
        document,
        signatures: Array.from({ length: random.pick([1, 2, 90]) }, () => sign(random.pick([key, stranger]), PayloadType.root, document)),
      }
    }
  }
}

const changeSignature: Forgery = (documents, { key, stranger }, random) => {
  const { release } = documents
  documents.releaseSignature = random.pick([
    () => sign(stranger, PayloadType.release, release),
    () => sign(key, PayloadType.bundleIndex, release),
    () => sign(key, PayloadType.release, Buffer.from('{}')),
    () => Buffer.from(JSON.stringify(mutateJson(JSON.parse(sign(key, PayloadType.release, release).toString()) as Json, random))),
    () => mutateJsonText(sign(key, PayloadType.release, release), random),
    () => Buffer.alloc(0),
  ])()
}

const FORGERIES: readonly Forgery[] = [changeRelease, changeRelease, changeRelease, changeRoot, changeChain, changeSignature]

/** A bundle with a right signature over documents that are not right, every digest in it true. */
export function forgeDocuments(corpus: Corpus, random: Random): Buffer {
  const release = Buffer.from(canonicalJson(corpus.release))
  const documents: Documents = {
    release,
    releaseSignature: sign(corpus.key, PayloadType.release, release),
    roots: corpus.roots.map(({ document, signatures }) => ({ document, signatures })),
  }
  random.pick(FORGERIES)(documents, corpus, random)
  return compose(documents, corpus)
}

function compose({ release, releaseSignature, roots }: Documents, { key, blobs, release: sound }: Corpus): Buffer {
  const contents = new Map<Digest, Buffer>()
  const add = (bytes: Buffer): Digest => {
    const digest = digestOf(bytes)
    contents.set(digest, bytes)
    return digest
  }
  const releases = [
    {
      application: sound.application,
      version: sound.version,
      sequence: sound.sequence,
      digest: add(release),
      documentSize: release.length,
      signature: add(releaseSignature),
    },
  ]
  const listed = roots.map(({ document, signatures }) => ({ digest: add(document), signatures: signatures.map(add) }))
  for (const bytes of blobs.values()) add(bytes)
  const plain = Buffer.concat([...contents.values()])
  const index: RawIndex = {
    format: 'sealift-bundle',
    version: 1,
    bundleId: '0'.repeat(32),
    createdAt: sound.createdAt,
    creator: 'fuzz',
    releases,
    ...(listed.length === 0 ? {} : { roots: [listed] }),
    packs: [
      {
        contents: [...contents].map(([digest, { length }]) => ({ digest, size: length })),
        encoding: 'plain',
        size: plain.length,
        encodedSize: plain.length,
        offset: 0,
        blocks: [[plain.length, hexOf(digestOf(plain))]],
      },
    ],
    entries: [],
  }
  const bytes = placed(index)
  return putTogether({ index: bytes, signature: sign(key, PayloadType.bundleIndex, bytes), members: [member('packs/0', plain)], end: Buffer.alloc(TAR_END) })
}
