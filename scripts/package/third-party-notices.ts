import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Licences whose terms are kept by passing their text on. Another one needs a person to look at it. */
const ACCEPTED = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD']

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

const RULE = `\n${'-'.repeat(80)}\n\n`

/** The folder of the npm package that a bundled file comes from, or undefined for one of our own. */
function packageFolder(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
}

function textsOf(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i.test(name))
  return names.toSorted((a, b) => a.localeCompare(b)).map((name) => readFileSync(join(folder, name), 'utf8').trim())
}

function noticeOf(folder: string): string {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  if (license === undefined || !ACCEPTED.includes(license)) {
    throw new Error(`${name} ${version} has the licence ${license ?? 'none'}; expected one of ${ACCEPTED.join(', ')}`)
  }
  const texts = textsOf(folder)
  const by = typeof author === 'string' ? author : author?.name
  return [
    `${name} ${version} (${license})`,
    ...(texts.length > 0 ? texts : [`Copyright ${by ?? `the authors of ${name}`}. It comes without a licence text of its own.`]),
  ].join('\n\n')
}

/**
 * What goes along with a file that holds other people's work: each package's name, version, licence and its text.
 * @param files the files that were bundled, relative to `root`
 * @param runtime the folder of the package with the Node runtime
 * @throws Error where a package has a licence that nobody has agreed to
 */
export function thirdPartyNotices(root: string, files: readonly string[], runtime: string): string {
  const folders = new Set(files.map(packageFolder).filter((folder) => folder !== undefined))
  const notices = [...folders].toSorted((a, b) => a.localeCompare(b)).map((folder) => noticeOf(join(root, folder)))
  const node = join(runtime, 'LICENSE')
  if (!existsSync(node)) throw new Error(`${node} is missing: the runtime's licence must go along with it`)
  const head = 'Sealift holds the following work of others. Sealift itself is under the Apache License 2.0.\n'
  return `${[head, ...notices, `Node.js\n\n${readFileSync(node, 'utf8').trim()}`].join(RULE)}\n`
}
