import { expect, it } from 'vitest'
import type { SecretVault } from './secret-vault.ts'

const SPEC = { length: 24, alphabet: 'hex' } as const

/** What every {@link SecretVault} does. */
export function describeVault(create: () => Promise<{ readonly vault: SecretVault } & AsyncDisposable>): void {
  it('generates a value as its specification wants it', async () => {
    await using test = await create()
    await test.vault.create('shop/generated/db/PASSWORD', SPEC)
    expect(await test.vault.get('shop/generated/db/PASSWORD')).toMatch(/^[0-9a-f]{24}$/)
  })

  it('generates a value once, and differently for each name', async () => {
    await using test = await create()
    await test.vault.create('shop/a', SPEC)
    const value = await test.vault.get('shop/a')
    await Promise.all([test.vault.create('shop/a', SPEC), test.vault.create('shop/a', { length: 8, alphabet: 'hex' })])
    expect(await test.vault.get('shop/a')).toBe(value)
    await test.vault.create('shop/b', SPEC)
    expect(await test.vault.get('shop/b')).not.toBe(value)
  })

  it('keeps what a site gave: one name for the same value at the same place, another for another', async () => {
    await using test = await create()
    const { vault } = test
    const id = await vault.seal('shop/site/parameter/password', 'hunter22')
    expect(id.startsWith('shop/site/parameter/password/')).toBe(true)
    expect(id).not.toContain('hunter22')
    expect(await vault.get(id)).toBe('hunter22')
    expect(await vault.seal('shop/site/parameter/password', 'hunter22')).toBe(id)
    const changed = await vault.seal('shop/site/parameter/password', 'hunter23')
    expect(changed).not.toBe(id)
    expect(await vault.get(changed)).toBe('hunter23')
    expect(await vault.get(id)).toBe('hunter22')
  })

  it('keeps any text', async () => {
    await using test = await create()
    for (const text of ['', ' ', 'zwei\nZeilen', 'ü€😀', '\u0000']) expect(await test.vault.get(await test.vault.seal('shop/x', text))).toBe(text)
  })

  it('says which secret it lacks', async () => {
    await using test = await create()
    await expect(test.vault.get('shop/none')).rejects.toMatchObject({ code: 'SECRET_MISSING', message: expect.stringContaining('shop/none') })
  })
}
