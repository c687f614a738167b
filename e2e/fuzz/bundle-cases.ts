import type { KeyPair } from '@sealift/bundle/signature/key-pair.ts'
import { PayloadType } from '@sealift/bundle/signature/payload-type.ts'
import { sign } from '@sealift/bundle/signature/signature.ts'
import type { Corpus, Sample } from './corpus.ts'
import { forgeDocuments } from './forge-documents.ts'
import { forgeMembers } from './forge-members.ts'
import { putTogether, takeApart, withIndex } from './hostile-file.ts'
import type { Suspect } from './judge-bundle.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { type Json, mutateJson, mutateJsonText } from './mutate-json.ts'
import type { Random } from './random.ts'

/** What can be done to a bundle, and how often it is. */
const KINDS = {
  /** The file as a medium or a stranger leaves it. */
  bytes: 30,
  /** The signature over the index. */
  signature: 6,
  /** Values of the index, signed anew. */
  index: 30,
  /** How the index is written, signed anew. */
  text: 8,
  /** Members that don't fit the index, or do and lie. */
  members: 30,
  /** Release documents and trust roots. */
  documents: 20,
  /** Lists and numbers at and beyond every limit. */
  limits: 0.15,
} as const

type Kind = keyof typeof KINDS

/** The most changes of one kind in a case. */
export const MAX_CHANGES = 3

/** One hostile bundle, by what it was made of and how. */
export interface BundleCase extends Suspect {
  readonly description: string
}

/**
 * A case that follows from its numbers.
 * @param keep which of its changes are made, so that one that finds something can be made smaller
 */
export async function makeBundleCase(corpus: Corpus, random: Random, keep: (change: number) => boolean = () => true): Promise<BundleCase> {
  const kind = pickKind(random)
  const sample = pickSample(corpus.samples, random)
  const description = `${kind} of ${sample.name}`
  const changes = [...Array(1 + random.below(MAX_CHANGES)).keys()].filter(keep)
  switch (kind) {
    case 'bytes': {
      let { bytes } = sample
      for (const change of changes) bytes = mutateBytes(bytes, random.fork(change))
      const isDamaged = !sample.unsigned && !bytes.equals(sample.bytes)
      return { description, sample, bytes, isForeign: isDamaged, isDamaged }
    }
    case 'signature':
      return { description, sample: { ...sample, unsigned: false }, bytes: withSignature(sample, corpus, random), isForeign: true, isDamaged: false }
    case 'index': {
      const file = takeApart(sample.bytes)
      let index = JSON.parse(file.index.toString()) as Json
      for (const change of changes) index = mutateJson(index, random.fork(change))
      return signedCase(description, sample, withIndex(file, Buffer.from(JSON.stringify(index)), corpus.key))
    }
    case 'text': {
      const file = takeApart(sample.bytes)
      return signedCase(description, sample, withIndex(file, mutateJsonText(file.index, random), corpus.key))
    }
    case 'members':
      return signedCase(description, sample, await forgeMembers(takeApart(sample.bytes), corpus, random))
    case 'documents':
      return { description, sample: { base: [], unsigned: false }, bytes: forgeDocuments(corpus, random), isForeign: false, isDamaged: false }
    case 'limits':
      return signedCase(description, sample, withIndex(takeApart(sample.bytes), beyondLimits(random), corpus.key))
  }
}

function signedCase(description: string, sample: Sample, file: ReturnType<typeof takeApart>): BundleCase {
  return { description, sample, bytes: putTogether(file), isForeign: false, isDamaged: false }
}

function pickKind(random: Random): Kind {
  const kinds = Object.entries(KINDS) as [Kind, number][]
  let at = (random.below(1_000_000) / 1_000_000) * kinds.reduce((sum, [, weight]) => sum + weight, 0)
  return (kinds.find(([, weight]) => (at -= weight) < 0) ?? ['bytes'])[0]
}

/** Large samples take longer, and so are taken less often. */
function pickSample(samples: readonly Sample[], random: Random): Sample {
  const sample = random.pick(samples)
  return sample.name === 'several blocks' && random.chance(0.9) ? random.pick(samples) : sample
}

function withSignature({ bytes }: Sample, { key, stranger }: Corpus, random: Random): Buffer {
  const file = takeApart(bytes)
  const good = (by: KeyPair): Buffer => sign(by, PayloadType.bundleIndex, file.index)
  const signature = random.pick([
    () => Buffer.alloc(0),
    () => good(stranger),
    () => sign(key, PayloadType.release, file.index),
    () => sign(key, PayloadType.root, file.index),
    () => sign(key, PayloadType.bundleIndex, Buffer.from('{}')),
    () => Buffer.from(good(stranger).toString().replace(stranger.publicKey.toString('base64'), key.publicKey.toString('base64'))),
    () => Buffer.concat([good(key), Buffer.alloc(4000, ' ')]),
    () => Buffer.from(JSON.stringify(mutateJson(JSON.parse(good(stranger).toString()) as Json, random))),
    () => mutateJsonText(good(stranger), random),
    () => random.bytes(random.below(4096)),
  ])()
  return putTogether({ ...file, signature })
}

/** Indexes that are large, deep or long rather than wrong. */
function beyondLimits(random: Random): Buffer {
  const many = (count: number, item: (number: number) => string): string => Array.from({ length: count }, (_, number) => item(number)).join(',')
  const digest = (number: number): string => `sha256:${number.toString(16).padStart(64, '0')}`
  const index = (fields: string): Buffer =>
    Buffer.from(
      `{"format":"sealift-bundle","version":1,"bundleId":"${'0'.repeat(32)}","createdAt":"2026-01-31T12:00:00.000Z","creator":"fuzz","releases":[],${fields}}`,
    )
  return random.pick([
    () =>
      index(
        `"packs":[],"entries":[${many(100_001, (number) => `{"digest":"${digest(number)}","encoding":"plain","size":0,"encodedSize":0,"offset":512,"blocks":[]}`)}]`,
      ),
    () => index(`"packs":[],"entries":[],"requires":[${many(100_001, (number) => `{"digest":"${digest(number)}","size":1}`)}]`),
    () => index(`"packs":[],"entries":[],"roots":[${many(2000, () => `[{"digest":"${digest(1)}","signatures":[]}]`)}]`),
    () => index(`"packs":[],"entries":[],"base":[${many(1001, (number) => `{"application":"a","version":"1","digest":"${digest(number)}"}`)}]`),
    () => index(`"packs":[],"entries":[${'[],'.repeat(300_000)}[]]`),
    () => index(`"packs":[${`[${' '.repeat(30)}`.repeat(100_000)}${']'.repeat(100_000)}],"entries":[]`),
    () => index(`"packs":[],"entries":[],"extra":"${'x'.repeat(20_000_000)}"`),
    () => index(`"packs":[],"entries":[],${many(20_000, (number) => `"unknown field number ${number}":0`)}`),
  ])()
}
