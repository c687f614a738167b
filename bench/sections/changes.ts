import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tarOf } from '@sealift/driver-docker/tar.ts'
import { must, run } from '../../testbed/src/command.ts'
import { bookshopTemplate, buildImages } from '../../testbed/src/images.ts'
import { insideNetns } from '../../testbed/src/netns.ts'
import type { Context } from '../context.ts'
import { type EmptyEngine, startEmptyEngine } from '../delivery/empty-engine.ts'
import { interleave, type Subject } from '../measure/interleave.ts'
import { spreadOf } from '../measure/spread.ts'
import { secondsOf, speedAgainst, type Times } from '../report/compare.ts'
import type { Outcome, Section } from '../report/section.ts'
import { Side } from '../sealift/program.ts'

const COMPONENTS = 50
const IMAGE = 'sealift-bench/busybox:1'
/** The component that changes from release to release. */
const CHANGED = 'c25'
/** What every component runs: it is ready a moment after its start. */
const COMMAND = ['busybox', 'sleep', '1000000']
const PROBE = ['busybox', 'test', '-d', '/bin']

/** Changes of what runs: one component of fifty, none at all, and the way back of the example. */
export async function measureChanges(context: Context): Promise<Section[]> {
  const target = await startEmptyEngine(context.folder, 'changes')
  try {
    return [await measureFifty(context, target), await measureWayBack(context, target)]
  } finally {
    await target.remove()
  }
}

/** Runs a command of a site inside the target's network. */
function siteOf(
  { folder, program }: Context,
  name: string,
  { netns, engine }: EmptyEngine,
): { side: Side; run: (...words: readonly string[]) => Promise<void> } {
  const side = new Side(program, join(folder, name))
  const env = { ...process.env, DOCKER_HOST: engine.host }
  return { side, run: async (...words) => void (await must([...insideNetns(netns), ...side.argv(...words)], { env })) }
}

async function measureFifty(context: Context, target: EmptyEngine): Promise<Section> {
  const { options, folder, program, engine, say } = context
  say(`one of ${COMPONENTS} components changed, and none`)
  const rounds = { repetitions: options.quick ? 2 : 5, warmUp: 1 }
  const releases = rounds.repetitions + rounds.warmUp + 1
  await importBusybox(engine.host, folder)
  const vendor = new Side(program, join(folder, 'fifty-vendor'), engine.host)
  const site = siteOf(context, 'fifty-site', target)
  await publishFifty(vendor, folder, releases, (bundle, trust) => site.run('import', bundle, '--trust', trust))
  await site.run('install', 'fifty@1.0.0')
  const docker = async (...words: readonly string[]): Promise<string> => target.engine.docker(...words)
  const localImage = (await docker('image', 'ls', '--quiet')).split('\n')[0] ?? ''
  let next = 1
  const upgrade: Subject = { name: `upgrade, one of ${COMPONENTS} changed`, run: async () => site.run('upgrade', 'fifty', '--to', `1.${next++}.0`) }
  const nothing: Subject = { name: 'upgrade, nothing changed', run: async () => site.run('upgrade', 'fifty', '--to', `1.${next - 1}.0`) }
  const byHand: Subject = {
    name: 'replacing that container by hand',
    before: async () => {
      await docker('run', '--detach', '--name', 'by-hand', localImage, ...COMMAND)
    },
    run: async () => {
      await docker('rm', '--force', 'by-hand')
      await docker('run', '--detach', '--name', 'by-hand', localImage, ...COMMAND)
      while ((await run(['docker', '--host', target.engine.host, 'exec', 'by-hand', ...PROBE])).code !== 0) await sleep(50)
    },
    after: async () => {
      await docker('rm', '--force', 'by-hand')
    },
  }
  const before = (await docker('ps', '--quiet', '--no-trunc')).split('\n').length
  const times = await interleave([upgrade, nothing, byHand], rounds)
  await site.run('uninstall', 'fifty', '--delete-data')
  for (const { side } of [site, { side: vendor }]) side.remove()
  return {
    title: `One of ${COMPONENTS} components changed`,
    notes: [
      `${COMPONENTS} components, each of which is ready a moment after its start; ${before} containers run. Whole commands without a server, so each starts the program.`,
      'By hand: docker rm and docker run of the one container, until its probe succeeds.',
    ],
    outcomes: [beyond(times, upgrade.name, byHand.name, 2), { ...amount(times, nothing.name, 1), what: `${nothing.name}, whole command` }],
    figures: secondsOf(times),
  }
}

async function importBusybox(host: string, folder: string): Promise<void> {
  const program = readFileSync('/bin/busybox')
  const tar = join(folder, 'busybox.tar')
  const programs = ['bin/busybox', 'bin/sh'].map((name) => ({ name, content: program, mode: 0o755 }))
  writeFileSync(tar, await tarOf([{ name: 'bin/', mode: 0o755 }, ...programs]))
  await must(['docker', '--host', host, 'import', '--change', 'ENV PATH=/bin', tar, IMAGE])
  rmSync(tar)
}

/** Publishes and carries over releases of which each changes one component against the one before. */
async function publishFifty(vendor: Side, folder: string, count: number, carry: (bundle: string, trust: string) => Promise<void>): Promise<void> {
  const templates = join(folder, 'fifty')
  mkdirSync(templates, { recursive: true })
  for (let minor = 0; minor < count; minor++) {
    const template = join(templates, 'fifty.yaml')
    writeFileSync(template, fiftyTemplate(minor))
    await vendor.run('publish', template)
    const bundle = join(templates, `${minor}.sealift`)
    await vendor.run('export', `fifty@1.${minor}.0`, '--out', bundle)
    await carry(bundle, await vendor.fingerprint())
    rmSync(bundle)
  }
}

function fiftyTemplate(minor: number): string {
  const components = Array.from({ length: COMPONENTS }, (_, index) => {
    const name = `c${String(index + 1).padStart(2, '0')}`
    const value = name === CHANGED ? `${minor}` : 'same'
    return [
      `  - name: ${name}`,
      '    workload: stateless',
      `    image: ${IMAGE}`,
      '    stopSignal: SIGKILL',
      `    command: ${JSON.stringify(COMMAND)}`,
      `    env: [{name: RELEASE, value: "${value}", onUpgrade: follow}]`,
      `    probes: {readiness: {exec: ${JSON.stringify(PROBE)}, interval: 1s}}`,
    ].join('\n')
  })
  return `apiVersion: sealift.dev/v1\nkind: Application\nname: fifty\ntitle: Fifty\nrelease: {version: 1.${minor}.0}\ncomponents:\n${components.join('\n')}\n`
}

async function measureWayBack(context: Context, target: EmptyEngine): Promise<Section> {
  const { options, folder, program, engine, say } = context
  say('upgrade and rollback of the example')
  await buildImages(engine, { releases: ['2.9', '3.0'] })
  const vendor = new Side(program, join(folder, 'way-vendor'), engine.host)
  const site = siteOf(context, 'way-site', target)
  for (const release of ['2.9', '3.0'] as const) {
    const { version } = (await vendor.run('publish', bookshopTemplate(release))) as { readonly version: string }
    const bundle = join(folder, 'way.sealift')
    await vendor.run('export', `bookshop@${version}`, '--out', bundle)
    await site.run('import', bundle, '--trust', await vendor.fingerprint())
    rmSync(bundle)
  }
  await site.run('install', 'bookshop@2.9.0')
  const upgrade: Subject = { name: 'upgrade of the example', run: async () => site.run('upgrade', 'bookshop', '--to', '3.0.0') }
  const rollback: Subject = { name: 'its rollback', run: async () => site.run('rollback', 'bookshop', '--to', '1') }
  const times = await interleave([upgrade, rollback], { repetitions: options.quick ? 1 : 3, warmUp: 1 })
  await site.run('uninstall', 'bookshop', '--delete-data')
  for (const { side } of [site, { side: vendor }]) side.remove()
  return {
    title: 'Back to the release before',
    notes: [
      'The example from 2.9 to 3.0 and back to revision 1, in turn. The upgrade runs a job and the acceptance check, the rollback neither; what the upgrade added keeps running.',
    ],
    outcomes: [speedAgainst(times, rollback.name, upgrade.name, 1)],
    figures: secondsOf(times),
  }
}

/** By how many seconds one subject takes longer than another, round by round. */
function beyond(times: Times, ours: string, theirs: string, aim: number): Outcome {
  const other = times.get(theirs) ?? []
  const value = spreadOf((times.get(ours) ?? []).map((seconds, round) => seconds - (other[round] ?? Number.NaN)))
  return { what: `${ours}: seconds beyond ${theirs}`, unit: 's', value, aim: `less than ${aim}`, met: value.median < aim }
}

function amount(times: Times, what: string, aim: number): Outcome {
  const value = spreadOf(times.get(what) ?? [])
  return { what, unit: 's', value, aim: `less than ${aim}`, met: value.median < aim }
}
