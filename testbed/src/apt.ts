import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.ts'

/** Where this machine gets a suite of Debian from, as lines of a sources.list: from its own settings, whatever mirror those name. */
export function debianSources(suite: string, folder = '/etc/apt'): string[] {
  const parts = join(folder, 'sources.list.d')
  const files = [join(folder, 'sources.list'), ...(existsSync(parts) ? readdirSync(parts).toSorted() : []).map((name) => join(parts, name))]
  const lines = files.filter((file) => /\.(list|sources)$/.test(file) && existsSync(file)).flatMap(linesOf)
  const suites = [suite, `${suite}-updates`, `${suite}-security`]
  const found = lines.filter(({ suite, components }) => suites.includes(suite) && components.includes('main'))
  if (!found.some((line) => line.suite === suite)) throw new Error(`apt on this machine has no source for Debian's ${suite}; the images are made of it`)
  return [...new Set(found.map(({ uri, suite }) => `deb ${uri} ${suite} main`))]
}

interface Source {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
}

function linesOf(file: string): Source[] {
  const text = readFileSync(file, 'utf8')
  return file.endsWith('.sources') ? text.split(/\n\s*\n/).flatMap(fromStanza) : text.split('\n').flatMap(fromLine)
}

function fromLine(line: string): Source[] {
  const [kind, uri, suite, ...components] = line
    .replace(/#.*/, '')
    .replace(/\[[^\]]*\]/, '')
    .trim()
    .split(/\s+/)
  return kind === 'deb' && uri !== undefined && suite !== undefined ? [{ uri, suite, components }] : []
}

function fromStanza(stanza: string): Source[] {
  const fields = new Map<string, string[]>()
  for (const line of stanza.split('\n')) {
    const [, key, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) fields.set(key.toLowerCase(), value.split(/\s+/))
  }
  const field = (name: string) => fields.get(name) ?? []
  if (!field('types').includes('deb') || field('enabled').includes('no')) return []
  return field('uris').flatMap((uri) => field('suites').map((suite) => ({ uri, suite, components: field('components') })))
}

/** The proxy that apt on this machine goes through, as environment for programs that fetch packages. Usually there is none. */
export async function aptProxy(): Promise<Record<string, string>> {
  const { stdout } = await run(['apt-config', 'shell', 'HTTP', 'Acquire::http::Proxy', 'HTTPS', 'Acquire::https::Proxy'])
  const proxies: Record<string, string> = {}
  for (const [, scheme, address] of stdout.matchAll(/^(HTTPS?)='([^']+)'$/gm)) {
    if (scheme !== undefined && address !== undefined && address !== 'DIRECT') proxies[`${scheme.toLowerCase()}_proxy`] = address
  }
  return proxies
}
