import { chmod, lstat, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { socketPath } from './socket-path.ts'

const LONG = `/${'long/'.repeat(30)}data`

describe('the path of the socket', () => {
  const before = process.env.TMPDIR
  let temporary = ''

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 's-'))
    process.env.TMPDIR = temporary
  })

  afterEach(async () => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    await rm(temporary, { recursive: true })
  })

  it('lies in the data folder where a socket can have that name', () => {
    expect(socketPath('/srv/sealift')).toBe('/srv/sealift/sealift.sock')
    expect(Buffer.byteLength(socketPath(`/${'x'.repeat(93)}`))).toBe(107)
  })

  it('lies in a folder of its own else, the same for the same data folder', async () => {
    const path = socketPath(LONG)
    expect(path.startsWith(temporary)).toBe(true)
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(107)
    expect(socketPath(LONG)).toBe(path)
    expect(socketPath(`${LONG}2`)).not.toBe(path)
    expect((await lstat(dirname(path))).mode & 0o777).toBe(0o700)
  })

  it('is not taken from a folder that someone else may have prepared', async () => {
    const folder = dirname(socketPath(LONG))
    await chmod(folder, 0o777)
    expect(() => socketPath(LONG)).toThrow(expect.objectContaining({ code: 'FILE_DENIED' }))
    await rm(folder, { recursive: true })
    await mkdir(`${folder}-elsewhere`, { mode: 0o700 })
    await symlink(`${folder}-elsewhere`, folder)
    expect(() => socketPath(LONG)).toThrow(expect.objectContaining({ code: 'FILE_DENIED' }))
  })
})
