import { randomBytes } from 'node:crypto'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './data-folder-fixture.ts'
import { createMasterKey, openMasterKey } from './master-key.ts'

describe('the master key', () => {
  it('opens what it sealed, at its place only', () => {
    const key = createMasterKey(randomBytes(32))
    const sealed = key.seal('pässword', 'secret/shop/a')
    expect(key.unseal(sealed, 'secret/shop/a')).toBe('pässword')
    expect(() => key.unseal(sealed, 'secret/shop/b')).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }))
  })

  it('seals the same text differently each time, and shows nothing of it', () => {
    const key = createMasterKey(randomBytes(32))
    expect(key.seal('hunter22', 'x')).not.toEqual(key.seal('hunter22', 'x'))
    expect(key.seal('hunter22', 'x').toString('latin1')).not.toContain('hunter22')
  })

  it('does not open what another key sealed', () => {
    const sealed = createMasterKey(randomBytes(32)).seal('hunter22', 'x')
    expect(() => createMasterKey(randomBytes(32)).unseal(sealed, 'x')).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }))
  })

  it('opens nothing of which any byte was changed or left out', () => {
    const key = createMasterKey(randomBytes(32))
    const sealed = key.seal('hunter22', 'x')
    for (const position of sealed.keys()) {
      const changed = Buffer.from(sealed)
      changed[position] = (changed[position] as number) ^ 1
      expect(() => key.unseal(changed, 'x'), `byte ${position}`).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }))
    }
    for (const length of [0, 1, 12, 28, sealed.length - 1]) {
      expect(() => key.unseal(sealed.subarray(0, length), 'x'), `${length} bytes`).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }))
    }
  })

  it('never names the text in an error', () => {
    const key = createMasterKey(randomBytes(32))
    const sealed = key.seal('hunter22', 'x')
    expect(() => key.unseal(sealed, 'y')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter22') }))
  })

  it('is made once, for its user alone, and read from then on', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys', 'site.key')
    const sealed = (await openMasterKey(path, true)).seal('text', 'x')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder.path, 'keys'))).toEqual(['site.key'])
    expect((await openMasterKey(path, false)).unseal(sealed, 'x')).toBe('text')
    expect((await openMasterKey(path, true)).unseal(sealed, 'x')).toBe('text')
  })

  it.each([
    ['empty', ''],
    ['short', Buffer.alloc(16).toString('base64')],
    ['no base64', 'äöü'],
  ])('is refused where the file is %s', async (_, text) => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'site.key')
    await writeFile(path, text)
    await expect(openMasterKey(path, true)).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING', message: expect.stringContaining(path) })
  })

  it('authenticates equal texts alike, and differently from another key', () => {
    const [one, other] = [createMasterKey(Buffer.alloc(32, 1)), createMasterKey(Buffer.alloc(32, 2))]
    expect(one.authenticate('a')).toBe(one.authenticate('a'))
    expect(one.authenticate('a')).not.toBe(one.authenticate('b'))
    expect(one.authenticate('a')).not.toBe(other.authenticate('a'))
  })
})
