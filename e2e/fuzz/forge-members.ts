import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { BLOCK_SIZE } from '@sealift/content/content-store.ts'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { encodeTarHeader, TAR_BLOCK } from '@sealift/oci/tar-header.ts'
import type { Corpus } from './corpus.ts'
import { type HostileFile, type HostileMember, member, placed, type RawIndex, type RawMember, withIndex } from './hostile-file.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Json } from './mutate-json.ts'
import type { Random } from './random.ts'

type Forgery = (file: HostileFile, index: RawIndex, random: Random) => Promise<HostileFile> | HostileFile

const compress = promisify(zstdCompress)
const BOMB = compress(Buffer.alloc(64 * 1024 * 1024))

/** Frames that a decoder might take for what they are not. */
async function hostileFrame(plain: Buffer, random: Random): Promise<Buffer> {
  const frame = await compress(plain)
  const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0]), Buffer.alloc(8)])
  switch (random.below(10)) {
    case 0:
      return BOMB
    case 1:
      return Buffer.concat([frame, frame])
    case 2:
      return Buffer.concat([skippable, frame])
    case 3:
      return Buffer.concat([frame, skippable])
    case 4:
      return Buffer.concat([frame, random.bytes(1 + random.below(20))])
    case 5:
      return frame.subarray(0, random.below(frame.length))
    case 6:
      // A window larger than any block, of which the frame says nothing about its size.
      return compress(plain, { params: { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 } })
    case 7:
      return compress(plain.subarray(0, random.below(plain.length + 1)))
    case 8:
      return compress(Buffer.alloc(BLOCK_SIZE + 1))
    default:
      return mutateBytes(frame, random)
  }
}

/** Tar headers that a careless reader follows out of its folder. */
function hostileHeader({ header, bytes }: HostileMember, random: Random): Buffer {
  const names = ['../../../../tmp/evil', '/etc/cron.d/evil', 'packs/0', 'packs/1', 'sealift.json', 'blobs/sha256/', 'blobs/sha256/../../evil', 'a\0b', '']
  const name = random.pick(names)
  const changed = random.chance(0.5) ? Buffer.from(header) : encodeTarHeader(name, bytes.length)
  switch (random.below(5)) {
    case 0:
      changed.write(random.pick(['1', '2', '3', '4', '5', '6', '7', 'x', 'g', 'L', 'K', '\0']), 156, 'latin1')
      changed.write(random.pick(names), 157, 'latin1')
      break
    case 1:
      changed.write(random.pick(names), 345, 'latin1')
      break
    case 2:
      changed.write(random.pick(['77777777777', '00000000000', '-0000000001', '           ', '0000000000\0']), 124, 'latin1')
      break
    case 3:
      changed.set([0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff].slice(0, 1 + random.below(12)), 124)
      break
    default:
      changed[random.below(TAR_BLOCK)] = random.below(256)
  }
  // Its sum is right: what is wrong must be seen for what it is.
  changed.fill(' ', 148, 156)
  let sum = 0
  for (const byte of changed) sum += byte
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return changed
}

const FORGERIES: readonly Forgery[] = [
  // Other content under the same digest, every block hash right.
  (file, index, random) => replaceContent(file, index, random, (bytes) => mutateBytes(bytes, random)),
  async (file, index, random) => {
    const { entry } = pickMember(file, index, random)
    const frame = await hostileFrame(random.bytes(Math.min(entry?.size ?? 0, 5000)), random)
    return replaceContent(file, index, random, () => frame)
  },
  (file, index, random) => {
    const { entry } = pickMember(file, index, random)
    if (entry !== undefined) entry.encoding = entry.encoding === 'plain' ? 'zstd' : 'plain'
    return { ...file, index: placed(index) }
  },
  (file, _index, random) => {
    const target = random.pick(file.members)
    if (target !== undefined) target.header = hostileHeader(target, random)
    return file
  },
  (file, _index, random) => {
    const target = random.pick(file.members)
    if (target !== undefined) target.padding = random.chance(0.5) ? random.bytes(target.padding.length) : Buffer.alloc(random.pick([0, 512, 1024]))
    return file
  },
  (file, _index, random) => ({ ...file, end: random.pick([Buffer.alloc(0), Buffer.alloc(512), Buffer.alloc(2048), random.bytes(1024)]) }),
  (file, _index, random) => ({ ...file, members: [...file.members, member(random.pick(['packs/9', '../evil', 'blobs/sha256/evil']), random.bytes(100))] }),
  (file, _index, random) => ({ ...file, members: shuffled(file.members, random) }),
  (file, _index, random) => ({ ...file, members: file.members.filter(() => random.chance(0.6)) }),
  (file, _index, random) => ({ ...file, members: file.members.flatMap((one) => (random.chance(0.4) ? [one, one] : [one])) }),
  // Reordered, left out, twice and added, in file and index alike.
  (file, index, random) => {
    const { packs } = index
    const pairs = index.entries.map((entry, number) => ({ entry, bytes: file.members[packs.length + number] as HostileMember }))
    const chosen = random.pick([
      shuffled(pairs, random),
      pairs.filter(() => random.chance(0.5)),
      pairs.flatMap((pair) => [pair, copyOf(pair)]),
      [...pairs, extraEntry(random)],
    ])
    index.entries = chosen.map(({ entry }) => entry)
    return { ...file, members: [...file.members.slice(0, packs.length), ...chosen.map(({ bytes }) => bytes)], index: placed(index) }
  },
  // Boundaries inside a pack that moved.
  (file, index, random) => {
    const contents = index.packs[0]?.contents as { digest: string; size: number }[] | undefined
    if (contents === undefined || contents.length < 2) return file
    const at = random.below(contents.length - 1)
    const [one, other] = [contents[at], contents[at + 1]]
    const by = random.pick([-1, 1, 7])
    if (one !== undefined && other !== undefined) {
      one.size += by
      other.size -= by
    }
    return { ...file, index: placed(index) }
  },
  (file, index, random) => {
    const contents = index.packs[0]?.contents
    if (Array.isArray(contents)) (index.packs[0] as RawMember).contents = shuffled(contents, random)
    return { ...file, index: placed(index) }
  },
  // A size that memory or disk could not hold, with all the blocks that it would need.
  (file, index, random) => {
    const entry = random.pick([...index.packs, ...index.entries])
    if (entry === undefined) return file
    entry.size = random.pick([2 ** 40, 2 ** 34, BLOCK_SIZE * 20_000])
    if (entry.size < 2 ** 37) entry.blocks = Array.from({ length: Math.ceil(entry.size / BLOCK_SIZE) }, () => [1, '0'.repeat(64)])
    entry.encodedSize = entry.blocks.reduce((sum, [size]) => sum + size, 0)
    return { ...file, index: placed(index) }
  },
]

/** Writes a bundle whose parts don't belong together, with the right signature over it. */
export async function forgeMembers(file: HostileFile, { key }: Corpus, random: Random): Promise<HostileFile> {
  const index = JSON.parse(file.index.toString()) as RawIndex
  const copy = { ...file, members: file.members.map((one) => ({ ...one })) }
  const forged = await random.pick(FORGERIES)(copy, index, random)
  return withIndex(forged, forged.index, key)
}

function pickMember(file: HostileFile, index: RawIndex, random: Random): { readonly entry: RawMember | undefined; readonly number: number } {
  const number = random.fork('member').below(Math.max(1, file.members.length))
  return { entry: [...index.packs, ...index.entries][number], number }
}

function replaceContent(file: HostileFile, index: RawIndex, random: Random, change: (bytes: Buffer) => Buffer): HostileFile {
  const { entry, number } = pickMember(file, index, random)
  const target = file.members[number]
  if (entry === undefined || target === undefined) return file
  const bytes = change(target.bytes)
  const blocks = entry.blocks.length
  if (blocks === 1 || bytes.length === 0) entry.blocks = bytes.length === 0 ? [] : [[bytes.length, hexOf(digestOf(bytes))]]
  entry.encodedSize = bytes.length
  if (entry.encoding === 'plain' && random.chance(0.5)) entry.size = bytes.length
  const members = file.members.with(number, { ...member('x', bytes), header: encodeTarHeader(nameOf(target), bytes.length) })
  return { ...file, members, index: placed(index) }
}

function extraEntry(random: Random): EntryWithBytes {
  const content = random.bytes(1 + random.below(300))
  const digest = digestOf(content)
  const claimed = random.chance(0.5) ? digest : `sha256:${hexOf(digestOf('other'))}`
  const entry: RawMember = {
    digest: claimed,
    encoding: 'plain',
    size: content.length,
    encodedSize: content.length,
    offset: 0,
    blocks: [[content.length, hexOf(digest)]],
  }
  return { entry, bytes: member(`blobs/sha256/${claimed.slice(7)}`, content) }
}

const nameOf = ({ header }: HostileMember): string => header.toString('latin1', 0, header.indexOf(0))

interface EntryWithBytes {
  readonly entry: RawMember
  readonly bytes: HostileMember
}

const copyOf = ({ entry, bytes }: EntryWithBytes): EntryWithBytes => ({ entry: structuredClone(entry as Json) as RawMember, bytes })

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const copy = [...items]
  for (let at = copy.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    ;[copy[at], copy[other]] = [copy[other] as Item, copy[at] as Item]
  }
  return copy
}
