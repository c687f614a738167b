import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { parseTemplate } from '@sealift/template/parse-template.ts'
import type { Template } from '@sealift/template/schema/template.ts'

/** A template and what lies beside it, wherever that came from. */
export interface TemplateSource {
  readonly template: Template
  /** Names it in errors. */
  readonly name: string
  /** The content of a file that the template names. @throws SealiftError `FILE_NOT_FOUND`, `FILE_DENIED`, `TEMPLATE_INVALID` where it is too large */
  readFile(source: string): Promise<Buffer>
}

/** The largest file that a template may carry for a component. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024

/**
 * A template in a file, with the files of its folder.
 * @throws SealiftError `FILE_NOT_FOUND`, `TEMPLATE_INVALID`, `SECRET_LITERAL`
 */
export async function openTemplateFile(path: string, allowSecrets: readonly string[] = []): Promise<TemplateSource> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    throw toSealiftError(thrown, `reading the template ${path}`)
  }
  const template = parseTemplate(text, path, { allowSecrets })
  return { template, name: path, readFile: (source) => readTemplateFile(dirname(path), source) }
}

/** A file of the template's folder; links that lead out of it are refused, so that a template from elsewhere carries off nothing else. */
async function readTemplateFile(folder: string, source: string): Promise<Buffer> {
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, source))
    const inside = relative(root, path)
    if (inside.startsWith('..') || isAbsolute(inside)) throw new SealiftError('FILE_DENIED', `${source}: lies outside the template's folder ${folder}`)
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new SealiftError('TEMPLATE_INVALID', `${source}: has ${size} bytes, more than the ${MAX_FILE_BYTES} that a file may have`)
    return await readFile(path)
  } catch (thrown) {
    throw toSealiftError(thrown, `reading ${source}, which the template names`)
  }
}
