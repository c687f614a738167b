import { posix } from 'node:path'
import type { ImportReport } from '../import-note.ts'
import { canonicalService } from './canonical-service.ts'
import { parseDotenv } from './dotenv.ts'
import { InterpolationFault, interpolate, type Lookup } from './interpolate.ts'
import { mergeMappings, mergeServices, withoutResets } from './merge.ts'
import type { ProjectFiles } from './project-files.ts'
import { readComposeFile } from './read-compose-file.ts'
import { asItemOrItems, asItems, asMapping, asText, composeFault, formatPlace, type MappingTree, mapping, member, type Tree } from './tree.ts'

/** What a project is made of. */
export interface ComposeInput {
  /** Absolute paths; each is laid over the ones before. */
  readonly files: readonly string[]
  /** Set from outside; they go before those of env files. */
  readonly variables: Readonly<Record<string, string>>
  /** Absolute paths of env files; without them `.env` beside the first file, if it is there. */
  readonly envFiles?: readonly string[]
}

/** A Compose project with all files merged, all variables put in, and all short forms written out. */
export interface ComposeProject {
  readonly name: string | undefined
  readonly folder: string
  readonly services: ReadonlyMap<string, MappingTree>
  readonly volumes: ReadonlyMap<string, Tree>
  readonly networks: ReadonlyMap<string, Tree>
  readonly configs: ReadonlyMap<string, Tree>
  readonly secrets: ReadonlyMap<string, Tree>
  /** Top-level fields that no rule knows, with where they stand. */
  readonly others: ReadonlyMap<string, Tree>
  /** The variables of the project. */
  readonly lookup: Lookup
}

const SECTIONS = ['volumes', 'networks', 'configs', 'secrets'] as const
type Section = (typeof SECTIONS)[number]

/** Files nest no deeper than this in `include` and `extends`. */
const MAX_NESTING = 20

interface Model {
  readonly name: string | undefined
  readonly services: ReadonlyMap<string, MappingTree>
  readonly sections: Readonly<Record<Section, ReadonlyMap<string, Tree>>>
  readonly others: ReadonlyMap<string, Tree>
}

/**
 * Loads a project as Compose does: variables, `extends`, `include`, one file over the other.
 * @throws SealiftError `COMPOSE_INVALID`, `FILE_NOT_FOUND`, `FILE_DENIED`
 */
export async function loadProject(input: ComposeInput, files: ProjectFiles, report: ImportReport): Promise<ComposeProject> {
  const folder = posix.dirname(input.files[0] ?? '/')
  const lookup = await projectLookup(input, folder, files)
  const loader = new Loader(files, report, folder)
  let model: Model | undefined
  for (const path of input.files) {
    const next = await loader.file(path, folder, lookup, [])
    model = model === undefined ? next : mergeModels(model, next)
  }
  if (model === undefined || model.services.size === 0) throw composeFault({ file: input.files.at(-1) ?? 'compose.yaml', line: 1 }, 'has no services.')
  return {
    name: model.name,
    folder,
    services: new Map([...model.services].map(([name, service]) => [name, withoutResets(service)])),
    ...model.sections,
    others: model.others,
    lookup,
  }
}

async function projectLookup({ variables, envFiles }: Pick<ComposeInput, 'variables' | 'envFiles'>, folder: string, files: ProjectFiles): Promise<Lookup> {
  const outside: Lookup = (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined)
  const values = new Map<string, string>()
  for (const path of envFiles ?? [posix.join(folder, '.env')]) {
    const content = await files.read(path)
    if (content === undefined) {
      if (envFiles !== undefined) throw composeFault({ file: path, line: 1 }, 'there is no such env file.')
      continue
    }
    for (const [name, value] of parseDotenv(content.toString('utf8'), shown(path, folder), (name) => outside(name) ?? values.get(name))) values.set(name, value)
  }
  return (name) => outside(name) ?? values.get(name)
}

/** A path as people know it: relative where it lies in the project. */
function shown(path: string, folder: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path
}

class Loader {
  readonly #files: ProjectFiles
  readonly #report: ImportReport
  readonly #root: string

  constructor(files: ProjectFiles, report: ImportReport, root: string) {
    this.#files = files
    this.#report = report
    this.#root = root
  }

  /** @param chain the files that led here */
  async file(path: string, folder: string, lookup: Lookup, chain: readonly string[]): Promise<Model> {
    const tree = await this.#read(path, lookup, chain)
    const services = new Map<string, MappingTree>()
    const raw = asMapping(tree.entries.get('services') ?? mapping([], tree.place), 'services').entries
    for (const name of raw.keys()) services.set(name, await this.#service(name, raw, { path, folder, lookup }, []))
    const sections = Object.fromEntries(
      SECTIONS.map((section) => [section, withAbsolutePaths(asMapping(tree.entries.get(section) ?? mapping([], tree.place), section), folder)]),
    ) as Record<Section, ReadonlyMap<string, Tree>>
    const known = new Set<string>(['services', 'include', 'name', 'version', ...SECTIONS])
    const name = member(tree, 'name')
    const own: Model = {
      name: name === undefined ? undefined : asText(name, 'name'),
      services,
      sections,
      others: new Map([...tree.entries].filter(([key]) => !known.has(key))),
    }
    return this.#included(own, tree, path, lookup, [...chain, path])
  }

  async #read(path: string, lookup: Lookup, chain: readonly string[]): Promise<MappingTree> {
    const name = shown(path, this.#root)
    if (chain.includes(path))
      throw composeFault({ file: name, line: 1 }, `the file includes itself: ${[...chain, path].map((each) => shown(each, this.#root)).join(' → ')}.`)
    if (chain.length > MAX_NESTING) throw composeFault({ file: name, line: 1 }, `files are nested deeper than ${MAX_NESTING} levels.`)
    const content = await this.#files.read(path)
    if (content === undefined) throw composeFault({ file: name, line: 1 }, 'there is no such file.')
    return this.#interpolated(readComposeFile(content.toString('utf8'), name), lookup) as MappingTree
  }

  #interpolated(tree: Tree, lookup: Lookup): Tree {
    if (tree.kind === 'sequence') return { ...tree, items: tree.items.map((item) => this.#interpolated(item, lookup)) }
    if (tree.kind === 'mapping') return { ...tree, entries: new Map([...tree.entries].map(([key, each]) => [key, this.#interpolated(each, lookup)])) }
    if (typeof tree.value !== 'string' || !tree.value.includes('$')) return tree
    try {
      const value = interpolate(tree.value, lookup, (name) =>
        this.#report.note({
          kind: 'warning',
          subject: `variable ${name}`,
          where: formatPlace(tree.place),
          message: `is not set, and counts as empty. Set it with --var ${name}=VALUE, or in an env file.`,
        }),
      )
      return { ...tree, value }
    } catch (thrown) {
      if (!(thrown instanceof InterpolationFault)) throw thrown
      throw composeFault(tree.place, `${thrown.message}.`, 'Set variables with --var NAME=VALUE or --env-file FILE; write $$ where a dollar is meant.')
    }
  }

  async #service(
    name: string,
    raw: ReadonlyMap<string, Tree>,
    from: { readonly path: string; readonly folder: string; readonly lookup: Lookup },
    chain: readonly string[],
  ): Promise<MappingTree> {
    const tree = raw.get(name)
    if (tree === undefined) throw composeFault({ file: shown(from.path, this.#root), line: 1 }, `there is no service ${name} to extend.`)
    const service = asMapping(tree, `services.${name}`)
    const key = `${from.path} ${name}`
    if (chain.includes(key)) throw composeFault(tree.place, `service ${name} extends itself.`)
    if (chain.length > MAX_NESTING) throw composeFault(tree.place, `services extend one another deeper than ${MAX_NESTING} levels.`)
    const own = canonicalService({ ...service, entries: new Map([...service.entries].filter(([each]) => each !== 'extends')) }, from.folder)
    const extended = member(service, 'extends')
    if (extended === undefined) return own
    const baseName = extended.kind === 'scalar' ? extended : member(extended, 'service')
    if (baseName === undefined) throw composeFault(extended.place, 'extends: names no service.')
    const file = member(extended, 'file')
    let base: MappingTree
    if (file === undefined) base = await this.#service(asText(baseName, 'extends.service'), raw, from, [...chain, key])
    else {
      const path = posix.resolve(from.folder, asText(file, 'extends.file'))
      const other =
        path === from.path ? raw : asMapping((await this.#read(path, from.lookup, [])).entries.get('services') ?? mapping([], file.place), 'services').entries
      base = await this.#service(
        asText(baseName, 'extends.service'),
        other,
        { ...from, path, folder: path === from.path ? from.folder : posix.dirname(path) },
        [...chain, key],
      )
    }
    return mergeServices(base, own)
  }

  async #included(own: Model, tree: MappingTree, path: string, lookup: Lookup, chain: readonly string[]): Promise<Model> {
    let model = own
    for (const item of asItems(tree.entries.get('include') ?? { kind: 'sequence', items: [], place: tree.place }, 'include')) {
      const paths = item.kind === 'mapping' ? asItemOrItems(item.entries.get('path') ?? item, 'include.path') : [item]
      const absolute = paths.map((each) => posix.resolve(posix.dirname(path), asText(each, 'include.path')))
      const given = member(item, 'project_directory')
      const folder = given === undefined ? posix.dirname(absolute[0] ?? path) : posix.resolve(posix.dirname(path), asText(given, 'include.project_directory'))
      const envFile = member(item, 'env_file')
      const inner = await projectLookup(
        {
          variables: {},
          ...(envFile === undefined
            ? {}
            : { envFiles: asItemOrItems(envFile, 'include.env_file').map((each) => posix.resolve(posix.dirname(path), asText(each, 'include.env_file'))) }),
        },
        folder,
        this.#files,
      )
      let included: Model | undefined
      for (const each of absolute) {
        const next = await this.file(each, folder, (name) => lookup(name) ?? inner(name), chain)
        included = included === undefined ? next : mergeModels(included, next)
      }
      if (included === undefined) continue
      for (const name of included.services.keys()) {
        if (own.services.has(name))
          throw composeFault(item.place, `include: service ${name} is in the included file and in this one. Rename one, or merge the files with -f.`)
      }
      model = mergeModels(included, model)
    }
    return model
  }
}

function mergeModels(base: Model, over: Model): Model {
  const services = new Map(base.services)
  for (const [name, service] of over.services) {
    const before = services.get(name)
    if (service.tag === 'reset') services.delete(name)
    else services.set(name, before === undefined || service.tag === 'override' ? service : mergeServices(before, service))
  }
  const merged = (section: Section): ReadonlyMap<string, Tree> => {
    const all = new Map(base.sections[section])
    for (const [name, tree] of over.sections[section]) {
      const before = all.get(name)
      all.set(name, before?.kind === 'mapping' && tree.kind === 'mapping' ? mergeMappings(before, tree, section) : tree)
    }
    return all
  }
  return {
    name: over.name ?? base.name,
    services,
    sections: { volumes: merged('volumes'), networks: merged('networks'), configs: merged('configs'), secrets: merged('secrets') },
    others: new Map([...base.others, ...over.others]),
  }
}

/** Configs and secrets name files. */
function withAbsolutePaths(section: MappingTree, folder: string): ReadonlyMap<string, Tree> {
  return new Map(
    [...section.entries].map(([name, tree]) => {
      const file = member(tree, 'file')
      if (tree.kind !== 'mapping' || file === undefined) return [name, tree]
      return [
        name,
        { ...tree, entries: new Map([...tree.entries, ['file', { kind: 'scalar', value: posix.resolve(folder, asText(file, 'file')), place: file.place }]]) },
      ]
    }),
  )
}
