import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { ImportNote } from '@sealift/template/importers/import-note.ts'
import type { ImportedTemplate } from '@sealift/template/importers/template-of-draft.ts'
import { writeTemplate } from '@sealift/template/importers/write-template.ts'
import { parseTemplate } from '@sealift/template/parse-template.ts'
import type { ReleaseImage } from '@sealift/template/release.ts'
import type { Template } from '@sealift/template/schema/template.ts'

/** A template and what lies beside it, wherever that came from. */
export interface TemplateSource {
  readonly template: Template
  /** What it was made from, for people. */
  readonly name: string
  /** The template as YAML. */
  readonly text: string
  /** What was decided where it was made of something else. */
  readonly notes: readonly ImportNote[]
  /** Images of the engine by their IDs, by the text that the template has: their name may mean another one by now, or they have none. */
  readonly engineIds: ReadonlyMap<string, string>
  /** Images that are pinned already, by the text of the template. */
  readonly pins?: Readonly<Record<string, ReleaseImage>>
  /** Files that don't lie in a folder of templates. */
  readonly files?: ReadonlyMap<string, Buffer>
  /** The content of a file that the template names. @throws SealiftError `FILE_NOT_FOUND`, `FILE_DENIED`, `TEMPLATE_INVALID` where it is too large */
  readonly readFile: (source: string) => Promise<Buffer>
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
  return { template, name: path, text, notes: [], engineIds: new Map(), readFile: (source) => readTemplateFile(dirname(path), source) }
}

/**
 * A template that was made of something else. It is written and read again, so that it is held to all that
 * a hand-written one is held to.
 * @param name what it was made from
 * @throws SealiftError `TEMPLATE_INVALID`, `SECRET_LITERAL`
 */
export function madeTemplate(
  { template, files, allowSecrets }: ImportedTemplate,
  {
    name,
    notes,
    allow,
    engineIds = new Map(),
  }: { readonly name: string; readonly notes: readonly ImportNote[]; readonly allow: readonly string[]; readonly engineIds?: ReadonlyMap<string, string> },
): TemplateSource {
  const text = writeTemplate(template, name, notes)
  return {
    template: parseTemplate(text, `template made from ${name}`, { allowSecrets: [...allow, ...allowSecrets] }),
    name,
    text,
    notes,
    engineIds,
    files,
    readFile: async (source) => {
      const content = files.get(source)
      if (content === undefined) throw new SealiftError('INTERNAL', `the template made from ${name} names ${source}, which was not read`)
      return content
    },
  }
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
