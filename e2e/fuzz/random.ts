import { createHash } from 'node:crypto'

/** Numbers that follow from a seed alone, so that a case can be made again. */
export class Random {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    this.#seed = seed
    const hash = createHash('sha256').update(seed).digest()
    this.#a = hash.readUInt32LE(0)
    this.#b = hash.readUInt32LE(4)
    this.#c = hash.readUInt32LE(8)
  }

  /** Numbers of their own for a part of a case: they stay the same whatever the other parts take. */
  fork(name: string | number): Random {
    return new Random(`${this.#seed}/${name}`)
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit)
  }

  /** One of several. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }

  chance(probability: number): boolean {
    return this.#next() / 2 ** 32 < probability
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    let at = 0
    for (; at + 4 <= length; at += 4) bytes.writeUInt32LE(this.#next(), at)
    for (; at < length; at++) bytes[at] = this.#next()
    return bytes
  }

  /** One step of sfc32. */
  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }
}
