import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { aptProxy } from './apt.ts'
import { must, run } from './command.ts'
import { debianTar, epoch } from './debian.ts'
import type { Engine } from './engine.ts'
import { type Recipe, recipesFor } from './recipes.ts'
import { say } from './say.ts'

/** The example application's releases, each the name of a folder with a template. */
export const bookshopReleases = ['2.9', '3.0', '3.1-broken'] as const

export type BookshopRelease = (typeof bookshopReleases)[number]

/** Where the example application is described. */
export const bookshopFolder = join(import.meta.dirname, '../../examples/bookshop')

/** The template of one of the example application's releases. */
export function bookshopTemplate(release: BookshopRelease): string {
  return join(bookshopFolder, release, 'bookshop.yaml')
}

/** The images that the templates of these releases name. */
export function bookshopImages(releases: readonly BookshopRelease[]): string[] {
  const templates = releases.map((release) => readFileSync(bookshopTemplate(release), 'utf8'))
  const references = templates.flatMap((template) => [...template.matchAll(/\bimage:\s*([^\s,}#]+)/g)].map((match) => match[1] ?? ''))
  return [...new Set(references)].toSorted()
}

export interface BuildImagesOptions {
  /** Default: all of them. */
  readonly releases?: readonly BookshopRelease[]
}

/**
 * Has the engine hold the images of the example application. One that was made from the same inputs before is left as it is. No
 * image registry is needed: everything begins with packages of Debian.
 */
export async function buildImages(engine: Engine, { releases = bookshopReleases }: BuildImagesOptions = {}): Promise<string[]> {
  const wanted = bookshopImages(releases)
  for (const recipe of recipesFor('bookshop', bookshopFolder, wanted)) {
    if (await isBuilt(engine, recipe)) continue
    const start = Date.now()
    await (recipe.packages === undefined ? buildFromDockerfile(engine, recipe) : importSystem(engine, recipe, recipe.packages))
    say(`built ${recipe.reference} in ${((Date.now() - start) / 1000).toFixed(1)} s`)
  }
  return wanted
}

const label = 'sealift.inputs'

async function isBuilt(engine: Engine, recipe: Recipe): Promise<boolean> {
  const { code, stdout } = await run(['docker', '--host', engine.host, 'image', 'inspect', '--format', `{{index .Config.Labels "${label}"}}`, recipe.reference])
  return code === 0 && stdout.trim() === recipe.inputs
}

async function importSystem(engine: Engine, recipe: Recipe, packages: readonly string[]): Promise<void> {
  const tar = await debianTar({ variant: 'minbase', packages })
  await engine.docker('import', '--change', 'CMD ["bash"]', '--change', `LABEL ${label}=${recipe.inputs}`, tar, recipe.reference)
}

async function buildFromDockerfile(engine: Engine, recipe: Recipe): Promise<void> {
  // These arguments are known to every build and kept in none: a machine's proxy stays out of the image.
  const proxy = Object.entries(await aptProxy()).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  const build = [
    'docker',
    '--host',
    engine.host,
    'build',
    '--network',
    'host',
    ...proxy,
    '--label',
    `${label}=${recipe.inputs}`,
    '--tag',
    recipe.reference,
    '-',
  ]
  // The context goes in as a tar whose times, owners and order depend on nothing but the files, and so do the layers.
  const pack = [
    'tar',
    '--create',
    '--directory',
    recipe.folder,
    '--sort=name',
    `--mtime=@${epoch}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=go=rX,u=rwX',
    '.',
  ]
  const script = `set -o pipefail; ${pack.map(quoted).join(' ')} | ${build.map(quoted).join(' ')}`
  // Buildkit is a plugin that Debian's package does not have.
  await must(['bash', '-c', script], { env: { ...process.env, DOCKER_BUILDKIT: '0' } })
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
