import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { debianInputs } from './debian.ts'

/** How one image is made: from a Dockerfile upon other images, or as a Debian system that it all begins with. */
export interface Recipe {
  readonly reference: string
  /** The build context. */
  readonly folder: string
  readonly from: readonly string[]
  /** The packages of a Debian system; undefined where there is a Dockerfile. */
  readonly packages: readonly string[] | undefined
  /** The digest of everything that the image is made from, that of its parents too. */
  readonly inputs: string
}

/**
 * The recipes for the wanted images and for all that they are built upon, parents first. An image APP/NAME:TAG is described by
 * the folder APP/images/NAME/TAG.
 */
export function recipesFor(application: string, folder: string, wanted: readonly string[]): Recipe[] {
  const recipes = new Map<string, Recipe>()
  const add = (reference: string): Recipe => {
    const known = recipes.get(reference)
    if (known !== undefined) return known
    const [, name, tag] = new RegExp(`^${application}/([^:/]+):([^:/]+)$`).exec(reference) ?? []
    const context = join(folder, 'images', name ?? '', tag ?? '')
    if (name === undefined || tag === undefined || !existsSync(context)) throw new Error(`nothing describes the image ${reference}: there is no ${context}`)
    const list = join(context, 'packages.txt')
    const packages = existsSync(list) ? packagesIn(list) : undefined
    const from = packages === undefined ? parentsIn(join(context, 'Dockerfile')) : []
    const parents = from.map(add).map(({ inputs }) => inputs)
    const own = packages === undefined ? contextDigest(context) : debianInputs({ variant: 'minbase', packages })
    const inputs = createHash('sha256')
      .update(JSON.stringify([reference, own, parents]))
      .digest('hex')
    const recipe = { reference, folder: context, from, packages, inputs }
    recipes.set(reference, recipe)
    return recipe
  }
  for (const reference of wanted) add(reference)
  return [...recipes.values()]
}

/** The package names in a file that holds one in a line, each perhaps with a remark behind a #. */
function packagesIn(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((name) => name !== '')
}

function parentsIn(dockerfile: string): string[] {
  return [...readFileSync(dockerfile, 'utf8').matchAll(/^FROM\s+(\S+)/gm)].map((match) => match[1] ?? '')
}

function contextDigest(folder: string): string {
  const hash = createHash('sha256')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.toSorted()) {
    const content = readFileSync(file)
    hash.update(JSON.stringify([relative(folder, file), (statSync(file).mode & 0o111) !== 0, content.length])).update(content)
  }
  return hash.digest('hex')
}
