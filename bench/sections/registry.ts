import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@sealift/oci/digest.ts'
import { must } from '../../testbed/src/command.ts'
import { insideNetns } from '../../testbed/src/netns.ts'
import type { Context } from '../context.ts'
import { type EmptyEngine, startEmptyEngine } from '../delivery/empty-engine.ts'
import { interleave, type Subject } from '../measure/interleave.ts'
import { secondsOf, speedAgainst, type Times } from '../report/compare.ts'
import type { Section } from '../report/section.ts'
import { Side } from '../sealift/program.ts'

/** The largest image of the example that is not a database's. */
const IMAGE = 'bookshop/reports:2.9'
const OURS = '127.0.0.1:7071'
const THEIRS = '127.0.0.1:7072'

/** Requests that one run of a load is counted as. */
const REQUESTS = 10_000

/** Bytes of the blob that is pushed and given out as it is. */
const BLOB = 128 * 1024 * 1024

/** The registry against Debian's docker-registry, in one network namespace with an engine. */
export async function measureRegistry({ options, folder, program, material, say }: Context): Promise<Section[]> {
  const { vendor } = await material()
  const work = join(folder, 'registry')
  mkdirSync(work)
  const target = await startEmptyEngine(folder, 'registry')
  const servers: ChildProcess[] = []
  try {
    say('two registries with the same image')
    const { secret } = (await vendor.run('token', 'create', 'bench', '--push', '*')) as { readonly secret: string }
    const start = async (argv: readonly string[], address: string): Promise<void> => {
      const [command = '', ...rest] = [...insideNetns(target.netns), ...argv]
      servers.push(spawn(command, rest, { stdio: 'ignore', env: vendor.env }))
      await inside(target, ['sh', '-c', `for i in $(seq 300); do curl -s -o /dev/null http://${address}/v2/ && exit 0; sleep 0.1; done; exit 1`])
    }
    await start(vendor.argv('up', '--listen', OURS), OURS)
    await start(['docker-registry', 'serve', writeConfig(work)], THEIRS)
    const skopeo = ['skopeo', 'copy', '--quiet', '--src-tls-verify=false']
    const ours = `${OURS}/docker.io/${IMAGE}`
    const theirs = `${THEIRS}/${IMAGE}`
    const exact = `${OURS}/exact/${IMAGE}`
    await inside(target, [...skopeo, '--dest-tls-verify=false', `docker://${ours}`, `docker://${theirs}`])
    await inside(target, [...skopeo, '--dest-tls-verify=false', '--dest-creds', `bench:${secret}`, `docker://${theirs}`, `docker://${exact}`])
    const rounds = { repetitions: options.quick ? 1 : 5, warmUp: options.quick ? 0 : 1 }

    say('docker pull and skopeo copy')
    const pull = (name: string, image: string): Subject => ({
      name,
      run: async () => void (await docker(target, 'pull', '--quiet', image)),
      after: async () => void (await docker(target, 'image', 'rm', image)),
    })
    const pulls = await interleave([pull('docker pull from sealift', ours), pull('docker pull from docker-registry', theirs)], rounds)
    const copied = join(work, 'copied')
    const copy = (name: string, image: string, to: 'dir' | 'docker-archive'): Subject => ({
      name,
      run: async () => void (await inside(target, [...skopeo, `docker://${image}`, `${to}:${copied}`])),
      after: async () => rmSync(copied, { recursive: true, force: true }),
    })
    const copies = await interleave(
      [
        copy('skopeo copy of what was pushed to sealift', exact, 'dir'),
        copy('skopeo copy from docker-registry', theirs, 'dir'),
        copy('skopeo copy from the library of sealift, plain layers', ours, 'dir'),
        copy('skopeo copy from the library of sealift to an archive', ours, 'docker-archive'),
        copy('skopeo copy from docker-registry to an archive', theirs, 'docker-archive'),
      ],
      rounds,
    )

    say('manifests a second')
    const manifests = new Map<string, number[]>()
    for (let round = 0; round < Math.max(2, rounds.repetitions); round++) {
      for (const [name, image] of [
        ['manifests from sealift', ours],
        ['manifests of what was pushed to sealift', exact],
        ['manifests from docker-registry', theirs],
      ] as const) {
        const seconds = REQUESTS / (await requestsPerSecond(target, manifestUrl(image), options.quick ? 2 : 5))
        manifests.set(name, [...(manifests.get(name) ?? []), seconds])
      }
    }

    say('blobs as they are, in and out')
    const blob = join(work, 'blob')
    const upload = (name: string, base: string, login: readonly string[]): Subject => {
      let digest = ''
      return {
        name,
        before: async () => {
          const bytes = randomBytes(BLOB)
          digest = digestOf(bytes)
          writeFileSync(blob, bytes)
        },
        run: () => pushBlob(target, { base, digest, blob, login }),
      }
    }
    const uploads = await interleave(
      [upload('a push to sealift', OURS, ['--user', `bench:${secret}`]), upload('a push to docker-registry', THEIRS, [])],
      rounds,
    )
    const given = randomBytes(BLOB)
    writeFileSync(blob, given)
    await pushBlob(target, { base: OURS, digest: digestOf(given), blob, login: ['--user', `bench:${secret}`] })
    await pushBlob(target, { base: THEIRS, digest: digestOf(given), blob, login: [] })
    const download = (name: string, base: string): Subject => ({
      name,
      run: async () => void (await inside(target, ['curl', '--silent', '--fail', '--output', '/dev/null', `http://${base}/v2/bench/blobs/${digestOf(given)}`])),
    })
    const downloads = await interleave([download('a blob from sealift', OURS), download('a blob from docker-registry', THEIRS)], {
      repetitions: options.quick ? 3 : 15,
      warmUp: 2,
    })
    return [sectionOf({ pulls, copies, manifests, uploads, downloads })]
  } finally {
    for (const server of servers) {
      const ended = once(server, 'exit')
      if (server.kill('SIGTERM')) await ended
    }
    await new Side(program, vendor.data).run('token', 'revoke', 'bench').catch(() => {})
    await target.remove()
    rmSync(work, { recursive: true, force: true })
  }
}

interface Measured {
  readonly pulls: Times
  readonly copies: Times
  readonly manifests: Times
  readonly uploads: Times
  readonly downloads: Times
}

function sectionOf({ pulls, copies, manifests, uploads, downloads }: Measured): Section {
  return {
    title: 'The registry, against docker-registry',
    notes: [
      `The image is ${IMAGE}: from the library of Sealift with plain layers, which rest compressed, and from docker-registry with gzip layers, as clients push them. Both registries and the engine share a network namespace; the store of the engine lacks the image each time. Copies into a folder keep the layers as they come, gzip from the one and plain from the library of the other; an archive holds plain layers, wherever they come from.`,
      `Manifests: the time of ${REQUESTS} requests by tag, from what wrk does with eight connections. Pushes and blobs: ${BLOB / 1024 / 1024} MiB that can't be compressed, pushed by curl with POST, PATCH and PUT until the registry says that it has them, and read into nothing.`,
    ],
    outcomes: [
      speedAgainst(pulls, 'docker pull from sealift', 'docker pull from docker-registry', 1),
      speedAgainst(copies, 'skopeo copy of what was pushed to sealift', 'skopeo copy from docker-registry', 1),
      speedAgainst(copies, 'skopeo copy from the library of sealift to an archive', 'skopeo copy from docker-registry to an archive', 1),
      speedAgainst(manifests, 'manifests from sealift', 'manifests from docker-registry', 1),
      speedAgainst(manifests, 'manifests of what was pushed to sealift', 'manifests from docker-registry', 1),
      speedAgainst(uploads, 'a push to sealift', 'a push to docker-registry', 1),
      speedAgainst(downloads, 'a blob from sealift', 'a blob from docker-registry', 1),
    ],
    figures: [pulls, copies, manifests, uploads, downloads].flatMap(secondsOf),
  }
}

function inside({ netns }: EmptyEngine, argv: readonly string[]): Promise<string> {
  return must([...insideNetns(netns), ...argv])
}

function docker(target: EmptyEngine, ...argv: readonly string[]): Promise<string> {
  return must(['docker', '--host', target.engine.host, ...argv])
}

function manifestUrl(image: string): string {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(image) ?? []
  return `http://${host}/v2/${repository}/manifests/${tag}`
}

async function requestsPerSecond(target: EmptyEngine, url: string, seconds: number): Promise<number> {
  const said = await inside(target, ['wrk', '--threads', '1', '--connections', '8', '--duration', `${seconds}s`, '--header', 'Accept: */*', url])
  const [requests = 0, failed = 0] = [/(\d+) requests in/, /Non-2xx or 3xx responses: (\d+)/].map((pattern) => Number(pattern.exec(said)?.[1] ?? 0))
  // docker-registry fails one in some hundreds under load.
  if (failed > requests / 100) throw new Error(`${url} was not answered with 200:\n${said}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1])
}

interface Push {
  readonly base: string
  readonly digest: string
  readonly blob: string
  readonly login: readonly string[]
}

async function pushBlob(target: EmptyEngine, { base, digest, blob, login }: Push): Promise<void> {
  const send = async (method: string, url: string, ...more: readonly string[]): Promise<string> => {
    const said = await inside(target, [
      'curl',
      '--silent',
      '--fail',
      '--dump-header',
      '-',
      '--output',
      '/dev/null',
      ...login,
      '--request',
      method,
      ...more,
      url,
    ])
    const location = /^location: (.+?)\r?$/im.exec(said)?.[1] ?? ''
    return location.startsWith('/') ? `http://${base}${location}` : location
  }
  const begun = await send('POST', `http://${base}/v2/bench/blobs/uploads/`)
  const sent = await send('PATCH', begun, '--header', 'Expect:', '--header', 'Content-Type: application/octet-stream', '--data-binary', `@${blob}`)
  await send('PUT', `${sent}${sent.includes('?') ? '&' : '?'}digest=${digest}`)
}

function writeConfig(work: string): string {
  const config = join(work, 'config.yml')
  const lines = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${join(work, 'docker-registry')}}}`,
    `http: {addr: "${THEIRS}"}`,
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  return config
}
