import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DataFolder, openDataFolder } from './data-folder.ts'

/** A folder for tests that goes away with them; the data folder `data` in it does not exist yet. */
export async function temporaryFolder(): Promise<{ readonly path: string; readonly data: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'sealift-server-'))
  return { path, data: join(path, 'data'), [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A new data folder, open. */
export async function temporaryDataFolder(): Promise<DataFolder & AsyncDisposable> {
  const folder = await temporaryFolder()
  const opened = await openDataFolder(folder.data)
  if (opened === undefined) throw new Error('a new data folder has an owner')
  return {
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}
