import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { BlockSink } from './block-sink.ts'
import { BLOCK_SIZE, type BlobInfo } from './content-store.ts'
import { PlainWriter } from './plain-writer.ts'

/** A sink whose first blocks can't be written. */
function failingSink(failures: number): { readonly sink: BlockSink; readonly committed: BlobInfo[] } {
  const committed: BlobInfo[] = []
  let left = failures
  return {
    committed,
    sink: {
      append: async () => {
        if (left-- > 0) throw new Error('no space left')
      },
      commit: async (info) => void committed.push(info),
      abort: async () => {},
    },
  }
}

describe('PlainWriter', () => {
  it('commits nothing once a block of it was lost', async () => {
    const { sink, committed } = failingSink(1)
    const writer = new PlainWriter(sink, {})
    await expect(writer.write(randomBytes(4 * BLOCK_SIZE))).rejects.toThrow('no space left')
    await expect(writer.commit()).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(committed).toEqual([])
  })

  it('commits nothing after it was given up', async () => {
    const { sink, committed } = failingSink(0)
    const writer = new PlainWriter(sink, {})
    await writer.write(randomBytes(2 * BLOCK_SIZE))
    await writer.abort()
    await expect(writer.commit()).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(committed).toEqual([])
  })
})
