import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { inject } from 'postject'

/*
 * Makes the one self-contained file that a site runs: the program bundled into one script, put into
 * the Node runtime as a single executable application. `npm run package [-- linux-x64|linux-arm64 …]`
 */

const ROOT = join(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const TARGETS = ['linux-x64', 'linux-arm64'] as const
/** By this word the runtime finds out that a program was put into it; fixed by Node. */
const SEA_FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

type Target = (typeof TARGETS)[number]

interface RootManifest {
  readonly version: string
  readonly optionalDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as RootManifest

/** The runtime for a target: from the installed package, or unpacked from the registry's package where it is for another processor. */
function runtimeOf(target: Target, folder: string): string {
  const name = `node-${target}`
  const installed = join(ROOT, 'node_modules', name, 'bin', 'node')
  if (existsSync(installed)) return installed
  const version = manifest.optionalDependencies[name]
  if (version === undefined) throw new Error(`package.json pins no ${name}`)
  const cached = join(ROOT, '.cache', 'runtime', `${name}-${version}`)
  if (!existsSync(cached)) {
    const [packed] = JSON.parse(execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--silent', '--pack-destination', folder], { encoding: 'utf8' })) as [
      { readonly filename: string },
    ]
    execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', folder, 'package/bin/node'])
    mkdirSync(join(ROOT, '.cache', 'runtime'), { recursive: true })
    renameSync(join(folder, 'package/bin/node'), cached)
  }
  return cached
}

async function bundleProgram(folder: string): Promise<string> {
  const script = join(folder, 'sealift.cjs')
  await build({
    entryPoints: [join(ROOT, 'packages/cli/src/main.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  return script
}

async function packageFor(target: Target, script: string, folder: string): Promise<void> {
  const blob = join(folder, `${target}.blob`)
  const config = join(folder, `${target}.json`)
  writeFileSync(config, JSON.stringify({ main: script, output: blob, disableExperimentalSEAWarning: true, useCodeCache: false, useSnapshot: false }))
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: ['ignore', 'ignore', 'inherit'] })
  const unfinished = join(folder, `sealift-${target}`)
  copyFileSync(runtimeOf(target, folder), unfinished)
  chmodSync(unfinished, 0o755)
  await inject(unfinished, 'NODE_SEA_BLOB', readFileSync(blob), { sentinelFuse: SEA_FUSE })
  const finished = join(DIST, `sealift-${target}`)
  copyFileSync(unfinished, `${finished}.partial`)
  chmodSync(`${finished}.partial`, 0o755)
  renameSync(`${finished}.partial`, finished)
  console.log(`${finished}  ${Math.round(statSync(finished).size / 1e6)} MB  (sealift ${manifest.version})`)
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !TARGETS.some((target) => target === name))
if (unknown.length > 0) {
  console.error(`unknown target ${unknown.join(', ')}; there are ${TARGETS.join(', ')}`)
  process.exit(2)
}
mkdirSync(DIST, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'sealift-package-'))
try {
  const script = await bundleProgram(folder)
  for (const target of TARGETS) if (wanted.length === 0 || wanted.includes(target)) await packageFor(target, script, folder)
} finally {
  rmSync(folder, { recursive: true })
}
