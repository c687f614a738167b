import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import type { Values } from '@sealift/api/change.ts'
import { type Choices, mergeChoices, parseChoices } from '@sealift/deploy/choices.ts'
import { messageOf, SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'
import { parse } from 'yaml'

/** Bytes that a file of a component may have. */
const FILE_LIMIT = 16 * 1024 * 1024

/** What a request chose, its files read. @throws SealiftError `FILE_NOT_FOUND`, `CHOICES_INVALID` */
export async function choicesOf(values: Values): Promise<Choices> {
  const components: Record<string, unknown> = {}
  for (const [name, { files, cpu, memory, ...rest }] of Object.entries(values.components ?? {})) {
    components[name] = {
      ...rest,
      ...(files === undefined ? {} : { files: await readFiles(files, '/') }),
      ...(cpu === undefined && memory === undefined
        ? {}
        : { resources: { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) } }),
    }
  }
  const groups: Record<string, unknown> = {}
  for (const [name, { files, ...rest }] of Object.entries(values.groups ?? {})) {
    groups[name] = { ...rest, ...(files === undefined ? {} : { files: await readFiles(files, '/') }) }
  }
  return parseChoices({ parameters: values.parameters ?? {}, modules: values.modules ?? {}, groups, components }, 'the command')
}

/**
 * What a values file chose: YAML with `parameters`, `modules`, `groups` and `components`; the paths of
 * its files are relative to it.
 * @throws SealiftError `FILE_NOT_FOUND`, `CHOICES_INVALID`
 */
export async function choicesOfFile(path: string): Promise<Choices> {
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
  if (!isObject(document)) return parseChoices(document, path)
  const [groups, components] = [await withFiles(document.groups, path), await withFiles(document.components, path)]
  return parseChoices({ ...document, ...(groups === undefined ? {} : { groups }), ...(components === undefined ? {} : { components }) }, path)
}

/** Those of a request and of its values file; what the request itself names counts more. */
export async function choicesOfBoth(values: Values, valuesFile: string | undefined): Promise<Choices> {
  const own = await choicesOf(values)
  return valuesFile === undefined ? own : mergeChoices(await choicesOfFile(valuesFile), own)
}

async function withFiles(table: unknown, path: string): Promise<unknown> {
  if (!isObject(table)) return table
  const read: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(table)) {
    read[name] = isObject(entry) && isObject(entry.files) ? { ...entry, files: await readFiles(entry.files, dirname(path)) } : entry
  }
  return read
}

async function readFiles(files: Readonly<Record<string, unknown>>, folder: string): Promise<Record<string, unknown>> {
  const read: Record<string, unknown> = {}
  for (const [target, source] of Object.entries(files)) {
    read[target] = typeof source === 'string' ? { content: await readSource(isAbsolute(source) ? source : join(folder, source), target) } : source
  }
  return read
}

async function readSource(path: string, target: string): Promise<Buffer> {
  try {
    const { size } = await stat(path)
    if (size <= FILE_LIMIT) return await readFile(path)
  } catch (thrown) {
    throw toSealiftError(thrown, `reading ${path}, to be put to ${target}`)
  }
  throw new SealiftError('CHOICES_INVALID', `${path} has more than ${FILE_LIMIT / 2 ** 20} MiB, the most that a file of a component can have`, {
    hint: 'Put what is larger into a volume.',
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
