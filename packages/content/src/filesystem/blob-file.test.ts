import { readFileSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BLOCK_SIZE } from '../content-store.ts'
import { encodeTrailer, readTrailer } from './blob-file.ts'

const specification = readFileSync(new URL('../../../../docs/content-store.md', import.meta.url), 'utf8')
const vectors = [...specification.matchAll(/```trailer\n(.*?)\n```/gs)].map(([, hex]) => Buffer.from(hex as string, 'hex'))

const blobs = [
  { size: 0, blocks: [] },
  {
    size: BLOCK_SIZE + 5,
    blocks: [
      { size: 24, sha256: 'a1'.repeat(32) },
      { size: 14, sha256: 'b2'.repeat(32) },
    ],
  },
]

describe('the trailer of a blob file', () => {
  let path: string
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'sealift-trailer-')), 'blob')
  })
  afterEach(() => rm(join(path, '..'), { recursive: true }))

  const read = async (bytes: Buffer): ReturnType<typeof readTrailer> => {
    await writeFile(path, bytes)
    const file = await open(path, 'r')
    try {
      return await readTrailer(file, bytes.length, 'the blob')
    } finally {
      await file.close()
    }
  }

  it('has as many test vectors in docs/content-store.md as here', () => {
    expect(vectors).toHaveLength(blobs.length)
  })

  it.each(blobs.map((blob, index) => ({ ...blob, index })))('is what docs/content-store.md says for $size bytes', async ({ size, blocks, index }) => {
    const vector = vectors[index] as Buffer
    expect(encodeTrailer(size, blocks).toString('hex')).toBe(vector.toString('hex'))
    const encodedSize = blocks.reduce((sum, block) => sum + block.size, 0)
    expect(await read(Buffer.concat([Buffer.alloc(encodedSize), vector]))).toEqual({ size, blocks, encodedSize })
  })

  it('is refused where a table is of another version, or does not fit the file', async () => {
    const [, vector] = vectors as [Buffer, Buffer]
    const whole = Buffer.concat([Buffer.alloc(38), vector])
    const otherVersion = Buffer.from(whole)
    otherVersion.writeUInt32LE(2, 38 + 12)
    await expect(read(otherVersion)).rejects.toMatchObject({ code: 'DATABASE_NEWER' })
    for (const bytes of [whole.subarray(1), Buffer.concat([Buffer.alloc(1), whole]), Buffer.alloc(10)]) {
      await expect(read(bytes)).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
    }
  })
})
