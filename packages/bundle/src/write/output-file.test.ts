import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OutputFile } from './output-file.ts'

describe('an output file', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-output-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is not under its name before it is whole', async () => {
    const file = await OutputFile.create(join(folder, 'a'), 3)
    await file.write(Buffer.from('abc'), 0)
    expect(await readdir(folder)).not.toContain('a')
    await file.commit()
    expect(await readdir(folder)).toEqual(['a'])
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('abc')
  })

  it('takes away what killed attempts at it left, and nothing else', async () => {
    const others = ['.b.0123456789ab.partial', '.a.partial', '.a.b.0123456789ab.partial', 'a.0123456789ab.partial']
    for (const name of ['.a.0123456789ab.partial', ...others]) await writeFile(join(folder, name), 'x')
    const file = await OutputFile.create(join(folder, 'a'), 0)
    await file.commit()
    expect((await readdir(folder)).toSorted()).toEqual(['a', ...others].toSorted())
  })

  it('is not called whole where the disk reported a fault on the way', async () => {
    const handle = await open(join(folder, 'b'), 'w')
    const datasync = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'datasync')
    await handle.close()
    datasync.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))
    const file = await OutputFile.create(join(folder, 'a'), 0)
    const much = Buffer.alloc(128 * 1024 * 1024)
    for (const position of [0, 1, 2]) {
      await file.write(much, position)
      await setImmediate()
    }
    await expect(file.commit()).rejects.toMatchObject({ code: 'DISK_FAULT' })
    await file.abort()
    datasync.mockRestore()
    expect(await readdir(folder)).toEqual(['b'])
  })

  it('leaves no trace when it is given up', async () => {
    const file = await OutputFile.create(join(folder, 'a'), 3)
    await file.abort()
    expect(await readdir(folder)).toEqual([])
  })
})
