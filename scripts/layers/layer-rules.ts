/** The packages from top to bottom; an import only ever points downwards (`docs/architecture.md`). */
const LAYERS: readonly (readonly string[])[] = [
  ['cli'],
  ['server'],
  ['drivers/docker', 'drivers/memory'],
  ['deploy'],
  ['registry', 'bundle', 'images'],
  ['template', 'content'],
  ['api'],
  ['oci'],
]

/** Packages that may use less than all that lies below them. */
const NARROWER: Readonly<Record<string, readonly string[]>> = {
  cli: ['api', 'oci', 'server'],
  template: ['oci'],
  content: ['oci'],
}

/** The files of the command line that may know the server: it is a client of the API, and hosts the server where none runs. What makes a data folder anew can't be asked of its server. */
const HOSTS = ['packages/cli/src/connect.ts', 'packages/cli/src/program.ts', 'packages/cli/src/commands/up.ts', 'packages/cli/src/commands/restore.ts']

/** The packages that a package may import. */
function allowedPackages(name: string): readonly string[] {
  const depth = LAYERS.findIndex((layer) => layer.includes(name))
  if (depth < 0) throw new Error(`package ${name} stands in no layer; add it to scripts/layers/layer-rules.ts`)
  return NARROWER[name] ?? LAYERS.slice(depth + 1).flat()
}

/** Files that are there for tests alone, and that the program must not use. */
function isTestFile(path: string): boolean {
  return /(\.test|-suite|-fixture)\.ts$/.test(path) || path.startsWith('e2e/') || path.startsWith('testbed/')
}

/** Why an import of one file by another is wrong, or undefined. Paths are relative to the root. */
export function violation(from: string, to: string): string | undefined {
  const source = packageOf(from)
  const target = packageOf(to)
  if (isTestFile(from) || source === undefined) return undefined
  if (isTestFile(to)) return `${to} is there for tests alone`
  if (target === undefined) return `${to} lies outside packages/`
  if (source === target) return undefined
  if (!allowedPackages(source).includes(target)) return `${source} may import only ${allowedPackages(source).join(', ') || 'nothing of the other packages'}`
  if (source === 'cli' && target === 'server' && !HOSTS.includes(from)) return `only ${HOSTS.join(', ')} may know the server`
  return undefined
}

function packageOf(path: string): string | undefined {
  return /^packages\/((?:drivers\/)?[^/]+)\//.exec(path)?.[1]
}
