import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, link, mkdir, mkdtemp, open, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@sealift/oci/digest.ts'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED, COMPILED_FROM } from './compiled.ts'
import { type CopierTally, parseCopierLine } from './copier-output.ts'
import { createVolumeCopierImage, volumeCopier } from './volume-copier-image.ts'

const MIB = 1024 * 1024
const { architecture } = hostPlatform()
const runnable = process.platform === 'linux' && COMPILED[architecture] !== undefined

describe('the volume copier', () => {
  it('was compiled from the source beside it', async () => {
    expect(digestOf(await readFile(new URL('volume-copier.c', import.meta.url)))).toBe(COMPILED_FROM)
  })

  it.each(['amd64', 'arm64'])('is a small image for %s, the same bytes each time', async (architecture) => {
    const [first, second] = [await createVolumeCopierImage(architecture), await createVolumeCopierImage(architecture)]
    expect(first.archive.equals(second.archive)).toBe(true)
    expect(first.name).toMatch(new RegExp(`^sealift\\.local/volume-copier:[0-9a-f]{12}-${architecture}$`))
    expect(first.archive.length).toBeLessThan(32 * 1024)
  })

  it('refuses another architecture', async () => {
    await expect(createVolumeCopierImage('riscv64')).rejects.toMatchObject({ code: 'ENGINE_UNSUPPORTED' })
  })
})

describe.skipIf(!runnable)(`what the volume copier does${runnable ? '' : ` (skipped: no program for ${process.platform} ${architecture})`}`, () => {
  let root: string
  let [program, from, to] = ['', '', '']

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sealift-copier-'))
    program = join(root, 'volume-copier')
    await writeFile(program, volumeCopier(architecture), { mode: 0o755 })
  })
  afterAll(() => rm(root, { recursive: true }))
  beforeEach(async () => {
    const folder = await mkdtemp(join(root, 'case-'))
    ;[from, to] = [join(folder, 'from'), join(folder, 'to')]
    await mkdir(from)
    await mkdir(to)
  })

  const run = (...words: readonly string[]): Promise<{ readonly code: number; readonly tallies: readonly CopierTally[]; readonly stderr: string }> =>
    new Promise((resolve) => {
      execFile(program, words, (error, stdout, stderr) => {
        const lines = stdout.split('\n').filter((line) => line !== '')
        const tallies = lines.map(parseCopierLine).flatMap((line) => ('done' in line ? [] : [line]))
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, tallies, stderr })
      })
    })
  const copy = async (): Promise<CopierTally> => {
    const { code, tallies, stderr } = await run('copy', from, to)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return tallies[0] as CopierTally
  }

  it('keeps content, modes, times and links, hard ones as one file', async () => {
    await mkdir(join(from, 'a/b'), { recursive: true })
    await writeFile(join(from, 'a/file'), 'hello')
    await link(join(from, 'a/file'), join(from, 'a/b/again'))
    await symlink('/etc/passwd', join(from, 'a/link'))
    await chmod(join(from, 'a/file'), 0o640)
    await chmod(join(from, 'a/b'), 0o1777)
    await utimes(join(from, 'a/file'), 1, 1_000_000_000.25)
    await utimes(join(from, 'a'), 1, 1_100_000_000)
    await chmod(from, 0o750)
    const tally = await copy()
    expect(tally).toMatchObject({ files: 2, folders: 3, others: 1, bytes: 5 })
    expect(await readFile(join(to, 'a/b/again'), 'utf8')).toBe('hello')
    expect(await readlink(join(to, 'a/link'))).toBe('/etc/passwd')
    const [file, again, folder, top] = await Promise.all(['a/file', 'a/b/again', 'a', '.'].map((path) => stat(join(to, path))))
    expect([file?.mode, file?.mtimeMs, file?.nlink]).toEqual([0o100640, 1_000_000_000_250, 2])
    expect(again?.ino).toBe(file?.ino)
    expect(folder?.mtimeMs).toBe(1_100_000_000_000)
    expect((await stat(join(to, 'a/b'))).mode & 0o7777).toBe(0o1777)
    expect((top?.mode ?? 0) & 0o7777).toBe(0o750)
  })

  it('keeps holes, and leaves zeros out', async () => {
    await using file = await open(join(from, 'sparse'), 'w')
    await file.truncate(512 * MIB)
    await file.write(Buffer.alloc(3000, 7), 0, 3000, 300 * MIB + 100)
    await file.write(Buffer.alloc(4 * MIB), 0, 4 * MIB, 10 * MIB)
    const tally = await copy()
    expect(tally.bytes).toBe(512 * MIB)
    const copied = await stat(join(to, 'sparse'))
    expect(copied.size).toBe(512 * MIB)
    expect(copied.blocks * 512).toBeLessThan(MIB)
    await using reader = await open(join(to, 'sparse'))
    const { buffer } = await reader.read(Buffer.alloc(3002), 0, 3002, 300 * MIB + 99)
    expect(buffer.equals(Buffer.concat([Buffer.from([0]), Buffer.alloc(3000, 7), Buffer.from([0])]))).toBe(true)
  })

  it('gives the same sums for the same content, and others for any difference', async () => {
    const content = Buffer.alloc(200_000, 'abc')
    for (let number = 0; number < 50; number += 1) await writeFile(join(from, `file-${number}`), content.subarray(number))
    const first = await copy()
    const [measured] = (await run('measure', to)).tallies
    expect(measured).toMatchObject({ tree: first.tree, files: 50, content: null })
    // A byte in the middle, with size and time as before.
    const changed = join(to, 'file-7')
    const { atime, mtime } = await stat(changed, { bigint: false })
    const bytes = await readFile(changed)
    bytes[70_000] = 1
    await writeFile(changed, bytes)
    await utimes(changed, atime, mtime)
    const [again, third] = [join(to, '../again'), join(to, '../third')]
    await mkdir(again)
    await mkdir(third)
    const other = (await run('copy', to, again)).tallies[0]
    expect(other?.content).not.toBe(first.content)
    expect((await run('copy', from, third)).tallies[0]).toMatchObject({ tree: first.tree, content: first.content })
    await chmod(changed, 0o600)
    expect((await run('measure', to)).tallies[0]?.tree).not.toBe(first.tree)
  })

  it('goes as deep as folders go, and takes long names and many entries', async () => {
    const deep = Array.from({ length: 300 }, () => 'folder').join('/')
    await mkdir(join(from, deep), { recursive: true })
    await writeFile(join(from, deep, 'n'.repeat(255)), 'down here')
    await mkdir(join(from, 'many'))
    for (let number = 0; number < 3000; number += 1) await writeFile(join(from, 'many', `entry-${number}`), '')
    expect(await copy()).toMatchObject({ files: 3001, folders: 302 })
    expect(await readdir(join(to, 'many'))).toHaveLength(3000)
    expect(await readFile(join(to, deep, 'n'.repeat(255)), 'utf8')).toBe('down here')
  })

  it('keeps sockets and owners where it may', async (ctx) => {
    if (process.getuid?.() !== 0) ctx.skip('giving files away needs root')
    const server = createServer()
    server.listen(join(from, 'socket'))
    await once(server, 'listening')
    await writeFile(join(from, 'theirs'), '')
    await chown(join(from, 'theirs'), 1234, 99)
    expect(await copy()).toMatchObject({ others: 1 })
    server.close()
    const theirs = await stat(join(to, 'theirs'))
    expect([theirs.uid, theirs.gid]).toEqual([1234, 99])
    expect((await stat(join(to, 'socket'))).isSocket()).toBe(true)
  })

  it('never writes into what is not empty, and says what failed', async () => {
    await writeFile(join(to, 'mine'), 'kept')
    const { code, stderr } = await run('copy', from, to)
    expect(code).toBe(1)
    expect(stderr).toContain(`not empty: ${to}`)
    expect(await readFile(join(to, 'mine'), 'utf8')).toBe('kept')
    expect((await run('copy', join(from, 'nothing'), to)).stderr).toContain('nothing: error 2')
    expect((await run('copy')).code).toBe(1)
  })
})

it('refuses what the copier never prints', () => {
  expect(parseCopierLine('{"done":12}')).toEqual({ done: 12 })
  for (const line of ['', 'null', '{}', '{"files":"1"}', '{"done":"1"}']) expect(() => parseCopierLine(line)).toThrow('the volume copier printed')
})
