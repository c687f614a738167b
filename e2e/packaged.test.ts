import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must, type Outcome } from '@sealift/testbed/command.ts'
import { packagedSealift } from '@sealift/testbed/packaged-file.ts'
import { createSite, type Site } from '@sealift/testbed/site.ts'
import { stickInSite } from '@sealift/testbed/site-root.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { siteMissing } from './fixtures/site.ts'
import { type Published, published } from './fixtures/vendor.ts'

const missing = await siteMissing()

/*
 * The file that a site is handed, in a root folder with plain Debian and nothing else: what works from the checkout may still miss
 * something that only the checkout has.
 */
describe('the packaged file', () => {
  let site: Site
  let vendor: Published
  let stick: string

  const sealift = (...argv: readonly string[]): Promise<Outcome> => site.run(['sealift', ...argv])

  beforeAll(async () => {
    if (missing !== undefined) return
    vendor = await published()
    stick = mkdtempSync(join(tmpdir(), 'sealift-stick-'))
    await must(['cp', vendor.bundles['2.9'], join(stick, 'bookshop.sealift')])
    site = await createSite({ name: `packaged-${process.pid}`, sealiftFile: await packagedSealift(), stick })
  })
  afterAll(async () => {
    if (missing !== undefined) return
    await site?.destroy()
    rmSync(stick, { recursive: true, force: true })
  })

  test('runs where neither Node nor npm are, and no other file of Sealift', async (context) => {
    context.skip(missing !== undefined, missing)
    for (const program of ['node', 'npm']) expect((await site.run(['sh', '-c', `command -v ${program}`])).code).not.toBe(0)
    const found = (await site.run(['find', '/', '-xdev', '-iname', '*sealift*', '-not', '-path', `${stickInSite}/*`])).stdout.trim()
    expect(found).toBe('/usr/local/bin/sealift')
    const { code, stdout, stderr } = await sealift('--version')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('needs no library that a plain Debian lacks', async (context) => {
    context.skip(missing !== undefined, missing)
    const { code, stdout } = await site.run(['ldd', '/usr/local/bin/sealift'])
    expect(code).toBe(0)
    expect(stdout).not.toContain('not found')
    const libraries = stdout.split('\n').flatMap((line) => /^\s*(lib[^\s]+)/.exec(line)?.[1] ?? [])
    expect(libraries.toSorted()).toEqual(['libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libstdc++.so.6'])
  })

  test('teaches its commands', async (context) => {
    context.skip(missing !== undefined, missing)
    const help = await sealift('--help')
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain('Usage: sealift')
    const install = await sealift('install', '--help')
    expect(install).toMatchObject({ code: 0, stderr: '' })
    expect(install.stdout).toContain('Examples:')
  })

  test('says how a wrong command is meant, with exit code 2', async (context) => {
    context.skip(missing !== undefined, missing)
    const { code, stdout, stderr } = await sealift('relases')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('releases')
  })

  test('takes no orders from what a site has in NODE_OPTIONS', async (context) => {
    context.skip(missing !== undefined, missing)
    const { code, stderr } = await site.run(['sealift', '--version'], { env: { NODE_OPTIONS: '--require=/nowhere.cjs' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test('verifies and imports a bundle, and lists what is in it', async (context) => {
    context.skip(missing !== undefined, missing)
    const bundle = `${stickInSite}/bookshop.sealift`
    const refused = await sealift('import', bundle, '--json')
    expect(refused.code).toBe(3)
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'KEY_UNTRUSTED' } })
    expect(await sealift('verify', bundle)).toMatchObject({ code: 0 })
    const imported = await sealift('import', bundle, '--trust', vendor.fingerprint, '--json')
    expect(imported, imported.stderr).toMatchObject({ code: 0 })
    const releases = await sealift('releases', '--json')
    expect(JSON.parse(releases.stdout)).toMatchObject([{ application: 'bookshop', version: '2.9.0', origin: 'imported' }])
  })

  test('serves, and other commands reach it', async (context) => {
    context.skip(missing !== undefined, missing)
    const server = site.spawn(['sealift', 'up', '--listen', '127.0.0.1:7171'], { stdio: 'ignore' })
    const ended = new Promise<number | null>((resolve) => server.once('exit', resolve))
    try {
      await expect.poll(() => site.request('http://127.0.0.1:7171/v2/').then(({ status }) => status, String), { timeout: 30_000 }).toBe(200)
      expect(JSON.parse((await sealift('target', 'list', '--json')).stdout)).toMatchObject([{ name: 'local', driver: 'docker' }])
    } finally {
      server.kill('SIGTERM')
    }
    expect(await ended).toBe(0)
  })

  test('names a data folder that cannot be one, and the way out', async (context) => {
    context.skip(missing !== undefined, missing)
    const { code, stdout, stderr } = await sealift('--data', '/etc/hostname', 'releases', '--json')
    expect(code).toBeGreaterThan(0)
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } }
    expect(error.message).toContain('/etc/hostname')
    expect(error.hint).not.toBe('')
    expect(stderr).toContain(error.code)
  })
})
