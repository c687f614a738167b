import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { openDataFolder } from './data-folder.ts'
import { temporaryDataFolder, temporaryFolder } from './data-folder-fixture.ts'

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8)

/** Another process that owns a data folder until it is killed. */
async function owner(data: string) {
  const program = `
    const { openDataFolder } = await import(${JSON.stringify(import.meta.resolve('./data-folder.ts'))})
    console.log((await openDataFolder(process.argv[1])) === undefined ? 'taken' : 'owned')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, data], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    line,
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe('a data folder', () => {
  it('is for its user alone, and so is every file in it and the key beside it', async () => {
    await using folder = await temporaryDataFolder()
    expect(await modeOf(folder.path)).toBe('700')
    expect(await modeOf(`${folder.path}.key`)).toBe('600')
    expect(await modeOf(join(folder.path, 'content'))).toBe('700')
    for (const name of ['sealift.db', 'sealift.db-wal', 'sealift.db-shm', 'owner.lock'])
      expect([name, await modeOf(join(folder.path, name))]).toEqual([name, '600'])
  })

  it('keeps its files private also in a folder that others may enter', async () => {
    await using folder = await temporaryFolder()
    await mkdir(folder.data)
    await chmod(folder.data, 0o755)
    const opened = await openDataFolder(folder.data)
    expect(await modeOf(join(folder.data, 'sealift.db'))).toBe('600')
    expect(await modeOf(join(folder.data, 'sealift.db-wal'))).toBe('600')
    await opened?.close()
  })

  it('has one owner, and the next once that has closed it', async () => {
    await using folder = await temporaryFolder()
    const first = await openDataFolder(folder.data)
    expect(first).toBeDefined()
    expect(await openDataFolder(folder.data)).toBeUndefined()
    await first?.close()
    const second = await openDataFolder(folder.data)
    expect(second).toBeDefined()
    await second?.close()
  })

  it('has one owner among processes, and is free when that is killed', async () => {
    await using folder = await temporaryFolder()
    const other = await owner(folder.data)
    try {
      expect(other.line).toBe('owned')
      expect(await openDataFolder(folder.data)).toBeUndefined()
    } finally {
      await other.kill()
    }
    const opened = await openDataFolder(folder.data)
    expect(opened).toBeDefined()
    await opened?.close()
  })

  it('is not opened without its key, and no new key is made', async () => {
    await using folder = await temporaryFolder()
    await (await openDataFolder(folder.data))?.close()
    await rm(`${folder.data}.key`)
    await expect(openDataFolder(folder.data)).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING', message: expect.stringContaining(`${folder.data}.key`) })
    await expect(stat(`${folder.data}.key`)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is not opened with the key of another one', async () => {
    await using folder = await temporaryFolder()
    await (await openDataFolder(folder.data))?.close()
    await (await openDataFolder(`${folder.data}-other`))?.close()
    await cp(`${folder.data}-other.key`, `${folder.data}.key`)
    await expect(openDataFolder(folder.data)).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING', message: expect.stringContaining('not the one') })
  })

  it('is free again after it could not be opened', async () => {
    await using folder = await temporaryFolder()
    await (await openDataFolder(folder.data))?.close()
    const key = await readFile(`${folder.data}.key`)
    await rm(`${folder.data}.key`)
    await expect(openDataFolder(folder.data)).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' })
    await writeFile(`${folder.data}.key`, key)
    const opened = await openDataFolder(folder.data)
    expect(opened).toBeDefined()
    await opened?.close()
  })

  it('names the path where a file is in the way', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.data, 'no folder')
    await expect(openDataFolder(folder.data)).rejects.toMatchObject({ code: 'FILE_WRONG_KIND', message: expect.stringContaining(folder.data) })
    await expect(openDataFolder(join(folder.data, 'below'))).rejects.toMatchObject({ code: 'FILE_WRONG_KIND' })
  })

  it('says so where it may not be written', async (ctx) => {
    if (process.getuid?.() !== 0) return ctx.skip('needs root, to become a user who may not write there')
    await using folder = await temporaryFolder()
    await mkdir(folder.data)
    await chmod(folder.path, 0o755)
    process.seteuid?.(65_534)
    try {
      await expect(openDataFolder(folder.data)).rejects.toMatchObject({ code: 'FILE_DENIED', message: expect.stringContaining(folder.data) })
    } finally {
      process.seteuid?.(0)
    }
  })

  it('says that its database is damaged', async () => {
    await using folder = await temporaryFolder()
    await (await openDataFolder(folder.data))?.close()
    await writeFile(join(folder.data, 'sealift.db'), Buffer.alloc(8192, 'no database '))
    await expect(openDataFolder(folder.data)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' })
  })
})
