import type { Random } from './random.ts'

type ByteMutation = (bytes: Buffer, random: Random) => Buffer

const INTERESTING = [0x00, 0x01, 0x20, 0x2f, 0x30, 0x7f, 0x80, 0xff] as const

/** Ways in which bytes come out of a medium, or out of a hand, other than they went in. */
const MUTATIONS: readonly ByteMutation[] = [
  (bytes, random) => changed(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => changed(bytes, random, () => random.below(256)),
  (bytes, random) => changed(bytes, random, () => random.pick(INTERESTING)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.subarray(0, Math.max(0, bytes.length - 1 - random.below(1100))),
  (bytes, random) => Buffer.concat([bytes, random.chance(0.5) ? Buffer.alloc(1 + random.below(2000)) : random.bytes(1 + random.below(600))]),
  (bytes, random) => {
    const { start, end } = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  (bytes, random) => {
    const { start, end } = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  (bytes, random) => {
    const { start, end } = range(bytes, random)
    const copy = Buffer.from(bytes)
    if (random.chance(0.5)) copy.fill(0, start, end)
    else random.bytes(end - start).copy(copy, start)
    return copy
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(40)), bytes.subarray(at)])
  },
  // Tar's blocks, and the sectors of a medium, in another order.
  (bytes, random) => {
    const blocks = Math.floor(bytes.length / 512)
    if (blocks < 2) return bytes
    const [one, other] = [random.below(blocks) * 512, random.below(blocks) * 512]
    const copy = Buffer.from(bytes)
    bytes.copy(copy, one, other, other + 512)
    bytes.copy(copy, other, one, one + 512)
    return copy
  },
]

/** Bytes that are changed in one of many ways; they may happen to be the same. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  return random.pick(MUTATIONS)(bytes, random)
}

function changed(bytes: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes
  const copy = Buffer.from(bytes)
  const at = random.below(copy.length)
  copy[at] = change(copy[at] ?? 0)
  return copy
}

function range(bytes: Buffer, random: Random): { readonly start: number; readonly end: number } {
  const length = random.pick([1, 4, 16, 512, 513, 4096])
  const start = random.below(Math.max(1, bytes.length - length))
  return { start, end: Math.min(bytes.length, start + length) }
}
