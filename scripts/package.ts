import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { thirdPartyNotices } from './package/third-party-notices.ts'

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
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--silent', '--pack-destination', folder], { encoding: 'utf8' }),
    ) as [{ readonly filename: string }]
    execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', folder, 'package/bin/node'])
    mkdirSync(join(ROOT, '.cache', 'runtime'), { recursive: true })
    renameSync(join(folder, 'package/bin/node'), cached)
  }
  return cached
}

/** Makes one script of the program, and writes the notices that go along with it. */
async function bundleProgram(folder: string): Promise<string> {
  const script = join(folder, 'sealift.cjs')
  const { metafile } = await build({
    absWorkingDir: ROOT,
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
    // Only the checkout asks where its files are; the one file has none.
    logOverride: { 'empty-import-meta': 'silent' },
    metafile: true,
  })
  // Either runtime's package carries the same licence text; the one of this machine is installed.
  const runtime = TARGETS.map((target) => join(ROOT, 'node_modules', `node-${target}`)).find((path) => existsSync(path))
  if (runtime === undefined) throw new Error('no runtime is installed; run npm ci')
  writeFileSync(join(DIST, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(ROOT, Object.keys(metafile.inputs), runtime))
  return script
}

/** The stages of making a file are quiet; one that fails throws with what it said. */
function runNode(...argv: readonly string[]): void {
  execFileSync(process.execPath, argv, { stdio: 'pipe' })
}

/** What a file is made from; one that was made from the same is left as it is. */
function inputsOf(target: Target, script: string): string {
  return createHash('sha256')
    .update(`${target} ${manifest.optionalDependencies[`node-${target}`]}\n`)
    .update(readFileSync(import.meta.filename))
    .update(readFileSync(script))
    .digest('hex')
}

function packageFor(target: Target, script: string, folder: string): void {
  const finished = join(DIST, `sealift-${target}`)
  const stamp = join(DIST, `.sealift-${target}.inputs`)
  const inputs = inputsOf(target, script)
  if (existsSync(finished) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return report(finished, 'is current')
  rmSync(stamp, { force: true })

  const blob = join(folder, `${target}.blob`)
  const config = join(folder, `${target}.json`)
  writeFileSync(
    config,
    JSON.stringify({
      main: script,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Spares every start the compilation of the program. Made for the processor that makes it, so of no use to the other one.
      useCodeCache: target === `linux-${process.arch}`,
      useSnapshot: false,
      // What a site has in NODE_OPTIONS is for other programs.
      execArgvExtension: 'none',
    }),
  )
  runNode('--experimental-sea-config', config)
  const unfinished = join(DIST, `.sealift-${target}.${process.pid}`)
  try {
    copyFileSync(runtimeOf(target, folder), unfinished)
    chmodSync(unfinished, 0o755)
    // As a program of its own, for it writes warnings about the runtime's debug sections past any logger.
    runNode(join(ROOT, 'node_modules/postject/dist/cli.js'), unfinished, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', SEA_FUSE)
    renameSync(unfinished, finished)
  } finally {
    rmSync(unfinished, { force: true })
  }
  writeFileSync(stamp, inputs)
  report(finished, `sealift ${manifest.version}`)
}

function report(file: string, what: string): void {
  console.log(`${relative(ROOT, file)}  ${Math.round(statSync(file).size / 1e6)} MB  (${what})`)
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
  for (const target of TARGETS) if (wanted.length === 0 || wanted.includes(target)) packageFor(target, script, folder)
} finally {
  rmSync(folder, { recursive: true })
}
