import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import type { Values } from '@sealift/api/change.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { writeBlob } from '@sealift/content/read-blob.ts'
import { type Choices, parseChoices } from '@sealift/deploy/choices.ts'
import { messageOf, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { parse } from 'yaml'

/** What a request chose, its files stored. @throws SealiftError `FILE_NOT_FOUND`, `CHOICES_INVALID` */
export async function choicesOf(values: Values, store: ContentStore): Promise<Choices> {
  const components: Record<string, unknown> = {}
  for (const [name, { env, files, cpu, memory, replicas }] of Object.entries(values.components ?? {})) {
    components[name] = {
      ...(env === undefined ? {} : { env }),
      ...(files === undefined ? {} : { files: await storeFiles(files, store, '/') }),
      ...(cpu === undefined && memory === undefined
        ? {}
        : { resources: { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) } }),
      ...(replicas === undefined ? {} : { replicas }),
    }
  }
  return parseChoices({ parameters: values.parameters ?? {}, modules: values.modules ?? {}, components }, 'the command')
}

/**
 * What a values file chose: YAML with `parameters`, `modules` and `components`; the paths of its files
 * are relative to it.
 * @throws SealiftError `FILE_NOT_FOUND`, `CHOICES_INVALID`
 */
export async function choicesOfFile(path: string, store: ContentStore): Promise<Choices> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    throw toSealiftError(thrown, `reading the values file ${path}`)
  }
  let document: unknown
  try {
    document = parse(text, { maxAliasCount: 0 }) as unknown
  } catch (cause) {
    // Only the first line: the others show the text, which may hold passwords.
    throw new SealiftError('CHOICES_INVALID', `${path}: ${messageOf(cause).split('\n', 1)[0]}`)
  }
  return parseChoices(await withStoredFiles(document, path, store), path)
}

async function withStoredFiles(document: unknown, path: string, store: ContentStore): Promise<unknown> {
  if (!isObject(document) || !isObject(document.components)) return document
  const components: Record<string, unknown> = {}
  for (const [name, component] of Object.entries(document.components)) {
    components[name] =
      isObject(component) && isObject(component.files) ? { ...component, files: await storeFiles(component.files, store, dirname(path)) } : component
  }
  return { ...document, components }
}

async function storeFiles(files: Readonly<Record<string, unknown>>, store: ContentStore, folder: string): Promise<Record<string, unknown>> {
  const stored: Record<string, unknown> = {}
  for (const [target, source] of Object.entries(files)) {
    if (typeof source !== 'string') {
      stored[target] = source
      continue
    }
    const path = isAbsolute(source) ? source : join(folder, source)
    try {
      stored[target] = { digest: await writeBlob(store, await readFile(path)) }
    } catch (thrown) {
      throw toSealiftError(thrown, `reading ${path}, to be put to ${target}`)
    }
  }
  return stored
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
