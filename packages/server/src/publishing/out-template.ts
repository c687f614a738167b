import { chmod, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolder, renameDurably } from '@sealift/content/filesystem/durable.ts'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { TemplateSource } from './template-source.ts'

/**
 * Writes a template that was made of something else, and its files, into a folder that is not there or empty.
 * @returns the path of the template file
 * @throws SealiftError `FILE_EXISTS` where something is in the folder
 */
export async function writeOutTemplate(folder: string, { template, text, files = new Map() }: TemplateSource): Promise<string> {
  const name = `${template.name}.yaml`
  try {
    const present = await readdir(folder).catch((thrown: unknown) => {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
      throw thrown
    })
    if (present.length > 0) {
      throw new SealiftError('FILE_EXISTS', `${folder} is not empty, and the template would be written into it`, {
        hint: 'Name another folder with --out-template, or empty this one.',
      })
    }
    await makeFolder(dirname(folder), 0o755)
    const partial = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`))
    try {
      for (const [source, content] of [...files, [name, Buffer.from(text)] as const]) {
        await mkdir(dirname(join(partial, source)), { recursive: true })
        await using file = await open(join(partial, source), 'wx')
        await file.writeFile(content)
        await file.sync()
      }
      await chmod(partial, 0o755)
      await renameDurably(partial, folder)
    } catch (thrown) {
      await rm(partial, { recursive: true, force: true })
      throw thrown
    }
  } catch (thrown) {
    throw toSealiftError(thrown, `writing the template into ${folder}`)
  }
  return join(folder, name)
}
