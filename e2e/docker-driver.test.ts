import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Driver, LogLine, ObservedReplica, WantedComponent } from '@sealift/deploy/driver.ts'
import { createDockerDriver } from '@sealift/driver-docker/docker-driver.ts'
import { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import type { ContainerDetails } from '@sealift/driver-docker/engine-types.ts'
import { Label, labelFilter } from '@sealift/driver-docker/labels.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type VendorEngine, vendorEngine } from '@sealift/testbed/engine.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest'
import { archiveOf, busyboxImage, busyboxMissing, type TestImage } from './busybox-image.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { freePort } from './free-port.ts'

const missing = busyboxMissing()
let host: VendorEngine
let engine: EngineClient
let driver: Driver
let image: TestImage
let installation: string

beforeAll(async () => {
  if (missing !== undefined) return
  host = await vendorEngine()
  engine = new EngineClient(host.host)
  driver = createDockerDriver({ address: host.host })
  image = await busyboxImage('one')
  await driver.ensureImages([image], archiveOf(), () => {})
})

afterAll(async () => {
  await driver?.[Symbol.asyncDispose]()
  engine?.[Symbol.dispose]()
  await host?.stop()
})

beforeEach(async (ctx: TestContext) => {
  if (missing !== undefined) ctx.skip(missing)
  installation = `t${randomBytes(4).toString('hex')}`
  await driver.ensureInstallation(installation)
})

afterEach(async () => {
  if (missing === undefined) await driver.removeInstallation(installation, { deleteData: true })
})

const SERVE = ['sh', '-c', 'echo started; mkdir -p /www; echo hello >/www/index.html; exec busybox httpd -f -p 8080 -h /www']

function component(changes: Partial<WantedComponent> = {}): WantedComponent {
  const wanted = {
    installation,
    name: 'web',
    workload: 'stateless',
    image,
    env: {},
    ports: [{ name: 'http', port: 8080, protocol: 'tcp' }],
    volumes: [],
    files: [],
    replicas: 1,
    stopGrace: 5,
    privileged: false,
    capabilities: { add: [], drop: [] },
    ulimits: {},
    sysctls: {},
    extraHosts: {},
    labels: {},
    command: SERVE,
    ...changes,
  } satisfies Omit<WantedComponent, 'hash'>
  return { ...wanted, hash: digestOf(JSON.stringify(wanted)) }
}

async function containers(name = 'web'): Promise<{ holders: ContainerDetails[]; mains: ContainerDetails[] }> {
  const found = { holders: [] as ContainerDetails[], mains: [] as ContainerDetails[] }
  for (const { Id } of await engine.listContainers(labelFilter({ [Label.installation]: installation, [Label.component]: name }))) {
    const details = await engine.inspectContainer(Id)
    if (details === undefined) continue
    if (details.Config.Labels?.[Label.role] === 'holder') found.holders.push(details)
    else found.mains.push(details)
  }
  return found
}

async function until<T>(look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const value = await look()
    if (good(value)) return value
    if (attempt > 100) throw new Error(`did not become what is expected: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const observed = async (name = 'web'): Promise<readonly ObservedReplica[]> =>
  (await driver.observe(installation)).components.find((each) => each.name === name)?.replicas ?? []

async function run(command: readonly string[], options: { stdin?: Readable; tty?: boolean; replica?: number } = {}) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const texts = Promise.all([text(stdout), text(stderr)])
  const { exitCode } = await driver.exec({
    installation,
    component: 'web',
    replica: options.replica ?? 0,
    command,
    tty: options.tty ?? false,
    stdout,
    stderr,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
  })
  stdout.end()
  stderr.end()
  const [out, err] = await texts
  return { exitCode, out, err }
}

const missingOf = async (images: readonly TestImage[]): Promise<string[]> => (await driver.missingImages(images)).map(({ reference }) => reference)

const isClassicStore = async (): Promise<boolean> =>
  (await driver.capabilities()).engine.startsWith('Docker') && !JSON.stringify((await engine.info()).DriverStatus).includes('io.containerd')

const collect = async (lines: AsyncIterable<LogLine>): Promise<LogLine[]> => {
  const all: LogLine[] = []
  for await (const line of lines) all.push(line)
  return all
}

describe('the engine', () => {
  test('says what it is', async () => {
    const capabilities = await driver.capabilities()
    expect(capabilities.engine).toMatch(/\d+\.\d+/)
    expect(capabilities.platforms[0]?.os).toBe('linux')
    expect(capabilities.memory).toBeGreaterThan(0)
    expect(capabilities.acts.has('networkProbes')).toBe(true)
  })

  test('that is not there is named with its address', async () => {
    const nobody = createDockerDriver({ address: 'unix:///nonexistent/engine.sock' })
    await expect(nobody.capabilities()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', message: expect.stringContaining('/nonexistent/engine.sock') })
  })
})

describe('images', () => {
  test('are missing until they are loaded, under their own name and with the expected layers', async () => {
    const fresh = await busyboxImage(randomBytes(8).toString('hex'))
    expect(await missingOf([image, fresh])).toEqual([fresh.reference])
    const seen: number[] = []
    await driver.ensureImages([image, fresh], archiveOf(), (done) => seen.push(done))
    expect(await missingOf([image, fresh])).toEqual([])
    expect(seen.at(-1)).toBeGreaterThan(0)
    await engine.removeImage(fresh.localName)
  })

  test('with equal layers and other settings are told apart', async () => {
    const other = await busyboxImage('one', ['COLOUR=blue', `RUN=${installation}`])
    expect(other.diffIds).toEqual(image.diffIds)
    expect(await missingOf([other])).toEqual([other.reference])
    await driver.ensureImages([other], archiveOf(), () => {})
    const result = await driver.runOnce({ installation, name: 'colour', image: other, command: ['sh', '-c', 'echo $COLOUR'], env: {}, timeout: 20 })
    expect(result.output).toBe('blue\n')
    await engine.removeImage(other.localName)
  })

  test('come without the layers that the engine has', async () => {
    const fresh = await busyboxImage(randomBytes(8).toString('hex'))
    const archive = archiveOf()
    await driver.ensureImages([fresh], archive, () => {})
    // Only the engine's classic store takes an archive without layers that it names.
    expect(archive.omitted).toEqual([(await isClassicStore()) ? [image.diffIds[0]] : []])
    expect(await missingOf([fresh])).toEqual([])
    await engine.removeImage(fresh.localName)
  })

  test('come whole where the engine does not take the short archive', async (ctx) => {
    if (!(await isClassicStore())) ctx.skip('the engine is never given a short archive')
    const fresh = await busyboxImage(randomBytes(8).toString('hex'))
    const whole = archiveOf()
    const broken = archiveOf(() => Buffer.from('no tar'))
    let tries = 0
    await driver.ensureImages([fresh], { open: (images, omit) => (tries++ === 0 ? broken : whole).open(images, omit) }, () => {})
    expect(whole.omitted).toEqual([[]])
    expect(await missingOf([fresh])).toEqual([])
    await engine.removeImage(fresh.localName)
  })

  test('whose bytes are not those of their layers are refused', async () => {
    const fresh = await busyboxImage(randomBytes(8).toString('hex'))
    const spoilt = archiveOf((layer) => Buffer.concat([layer, Buffer.alloc(512)]))
    await expect(driver.ensureImages([fresh], spoilt, () => {})).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
    expect(await missingOf([fresh])).toEqual([fresh.reference])
  })

  test('keep the fault of the archive that gives them', async () => {
    const fresh = await busyboxImage(randomBytes(8).toString('hex'))
    const failing = new Readable({
      read() {
        this.destroy(new SealiftError('CONTENT_CORRUPT', 'a blob is damaged'))
      },
    })
    await expect(driver.ensureImages([fresh], { open: () => ({ stream: failing, size: 10 }) }, () => {})).rejects.toMatchObject({ code: 'CONTENT_CORRUPT' })
  })

  test('are tagged again after their names were removed, without being sent', async () => {
    const fresh = await busyboxImage(randomBytes(8).toString('hex'))
    await driver.ensureImages([fresh], archiveOf(), () => {})
    await engine.tagImage(fresh.localName, 'sealift.local/test/other', 'x')
    await engine.removeImage(fresh.localName)
    const archive = archiveOf()
    await driver.ensureImages([fresh], archive, () => {})
    expect(archive.omitted).toEqual([])
    expect(await missingOf([fresh])).toEqual([])
    await engine.removeImage('sealift.local/test/other:x')
    await engine.removeImage(fresh.localName)
  })
})

describe('a component', () => {
  test('runs with its settings, and a second time nothing is done', async () => {
    const wanted = component({
      env: { GREETING: 'hi = there' },
      hostname: 'till',
      user: '1000:1000',
      workingDir: '/tmp',
      files: [
        { path: '/etc/app/site.conf', content: Buffer.from('x=1'), mode: 0o640, uid: 1000, gid: 1001 },
        { path: '/private/key', content: Buffer.from('k'), mode: 0o400 },
      ],
      volumes: [
        { name: 'data', targetName: `${installation}-data`, path: '/data', readOnly: false, kind: 'persistent' },
        { name: 'scratch', targetName: `${installation}-scratch`, path: '/scratch', readOnly: false, kind: 'memory', size: 1_048_576 },
      ],
      memory: 64 * 1024 * 1024,
      shmSize: 8 * 1024 * 1024,
      capabilities: { add: ['NET_ADMIN'], drop: ['MKNOD'] },
      ulimits: { nofile: { soft: 512, hard: 1024 } },
      sysctls: { 'net.core.somaxconn': '512', 'kernel.msgmax': '16384' },
      extraHosts: { licence: '10.1.2.3' },
      labels: { team: 'till', 'dev.sealift.component': 'forged' },
      command: ['sh', '-c', 'exec busybox httpd -f -p 8080 -h /tmp'],
    })
    expect(await driver.ensureComponent(wanted)).toEqual({ changed: true })
    const before = await containers()
    expect(before.mains[0]?.Config.Labels).toMatchObject({ team: 'till', [Label.component]: 'web', [Label.hash]: wanted.hash })
    const script = [
      'echo "$GREETING" $(busybox hostname) $(busybox id -u) $(busybox pwd)',
      'busybox stat -c "%a %u %g" /etc/app/site.conf /etc/app /private',
      'echo $(busybox cat /etc/app/site.conf)',
      'ulimit -n; echo $(busybox cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax) $(busybox grep licence /etc/hosts)',
      'echo $(busybox df -k /scratch | busybox tail -n 1); echo ok >/scratch/x && busybox cat /scratch/x; [ -w /data ] || echo data is of root',
    ].join('\n')
    const { out, err, exitCode } = await run(['sh', '-c', script])
    expect([exitCode, err]).toEqual([0, ''])
    expect(out.trimEnd().split('\n')).toEqual([
      'hi = there till 1000 /tmp',
      '640 1000 1001',
      '755 0 0',
      '700 0 0',
      'x=1',
      '512',
      '512 16384 10.1.2.3 licence',
      expect.stringMatching(/^tmpfs 1024 .* \/scratch$/),
      'ok',
      'data is of root',
    ])
    expect(await driver.ensureComponent(wanted)).toEqual({ changed: false })
    const after = await containers()
    expect([...after.mains, ...after.holders].map(({ Id, State }) => [Id, State.StartedAt])).toEqual(
      [...before.mains, ...before.holders].map(({ Id, State }) => [Id, State.StartedAt]),
    )
    expect(await driver.observe(installation)).toMatchObject({
      components: [{ name: 'web', replicas: [{ index: 0, state: 'running', hash: wanted.hash, restarts: 0, image: image.config }] }],
      volumes: [`${installation}-data`],
    })
  })

  test('that changes keeps its holder, unless ports or names change too', async () => {
    await driver.ensureComponent(component())
    const first = await containers()
    expect(await driver.ensureComponent(component({ env: { A: '1' } }))).toEqual({ changed: true })
    const second = await containers()
    expect(second.holders.map(({ Id }) => Id)).toEqual(first.holders.map(({ Id }) => Id))
    expect(second.mains).toHaveLength(1)
    expect(second.mains[0]?.Id).not.toBe(first.mains[0]?.Id)
    expect(second.mains[0]?.Name).toBe(first.mains[0]?.Name)
    await driver.ensureComponent(component({ env: { A: '1' }, hostname: 'other' }))
    const third = await containers()
    expect(third.holders).toHaveLength(1)
    expect(third.holders[0]?.Id).not.toBe(first.holders[0]?.Id)
    await until(
      () => driver.probe(installation, 'web', 0, { kind: 'tcp', port: 8080 }, 2),
      ({ healthy }) => healthy,
    )
  })

  test('whose new version can not be made goes on as it was', async () => {
    const wanted = component()
    await driver.ensureComponent(wanted)
    const before = await containers()
    const unknown = { ...image, localName: 'sealift.local/test/nowhere:1' }
    await expect(driver.ensureComponent(component({ image: unknown }))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/component web, replica 0.*nowhere/),
    })
    expect((await observed())[0]).toMatchObject({ state: 'running', hash: wanted.hash })
    expect((await containers()).mains[0]?.Id).toBe(before.mains[0]?.Id)
  })

  test('gets more replicas and fewer, found by name one by one where it is stateful', async () => {
    await driver.ensureComponent(component({ workload: 'stateful', replicas: 3 }))
    expect((await observed()).map(({ index, state }) => [index, state])).toEqual([
      [0, 'running'],
      [1, 'running'],
      [2, 'running'],
    ])
    const lookup = await driver.runOnce({
      installation,
      name: 'lookup',
      image,
      command: [
        'sh',
        '-c',
        's=$(busybox awk "/^nameserver/ { print \\$2; exit }" /etc/resolv.conf); for n in web web-0 web-2; do busybox nslookup $n $s >/dev/null 2>&1 && echo $n; done',
      ],
      env: {},
      timeout: 30,
    })
    expect(lookup.output).toBe('web\nweb-0\nweb-2\n')
    await driver.ensureComponent(component({ workload: 'stateful', replicas: 1 }))
    const left = await containers()
    expect([...left.mains, ...left.holders].map(({ Config }) => Config.Labels?.[Label.replica])).toEqual(['0', '0'])
  })

  test('is started again by the engine when it dies, in the same network', async () => {
    await driver.ensureComponent(
      component({ command: ['sh', '-c', '[ -e /died ] || { touch /died; busybox sleep 1; exit 3; }; exec busybox httpd -f -p 8080'] }),
    )
    await until(observed, ([replica]) => replica?.state === 'running' && replica.restarts > 0)
    await until(
      () => driver.probe(installation, 'web', 0, { kind: 'tcp', port: 8080 }, 2),
      ({ healthy }) => healthy,
    )
  })

  test('cut off by a restart of its holder is seen and healed', async () => {
    const wanted = component()
    await driver.ensureComponent(wanted)
    const { holders } = await containers()
    const holder = holders[0]?.Id ?? ''
    await engine.stopContainer(holder)
    expect((await observed())[0]).toMatchObject({ state: 'starting', message: expect.stringContaining('network') })
    await engine.startContainer(holder)
    expect((await observed())[0]?.state).toBe('starting')
    expect(await driver.ensureComponent(wanted)).toEqual({ changed: true })
    expect((await observed())[0]?.state).toBe('running')
    await until(
      () => driver.probe(installation, 'web', 0, { kind: 'tcp', port: 8080 }, 2),
      ({ healthy }) => healthy,
    )
    expect(await driver.ensureComponent(wanted)).toEqual({ changed: false })
  })

  test('stops and starts with its data and ports', async () => {
    const port = await freePort()
    await driver.ensureComponent(component({ ports: [{ name: 'http', port: 8080, protocol: 'tcp', hostPort: port }] }))
    await until(
      () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), String),
      (answer) => answer === 'hello\n',
    )
    await driver.stop(installation, 'web')
    expect((await observed())[0]?.state).toBe('exited')
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
    await driver.start(installation, 'web')
    await until(
      () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), String),
      (answer) => answer === 'hello\n',
    )
    const before = await containers()
    await driver.start(installation, 'web')
    expect((await containers()).mains[0]?.State.StartedAt).toBe(before.mains[0]?.State.StartedAt)
  })

  test('that can not start says which program it lacks', async () => {
    await expect(driver.ensureComponent(component({ command: ['no-such-program'] }))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining('no-such-program'),
    })
    expect(await driver.ensureComponent(component())).toEqual({ changed: true })
    expect((await observed())[0]?.state).toBe('running')
  })

  test('is removed alone; its volumes stay until the installation goes with its data', async () => {
    const volumes = [{ name: 'data', targetName: `${installation}-data`, path: '/data', readOnly: false, kind: 'persistent' as const }]
    await driver.ensureComponent(component({ volumes }))
    await driver.ensureComponent(component({ name: 'other' }))
    await run(['sh', '-c', 'echo kept >/data/file'])
    await driver.removeComponent(installation, 'web')
    expect((await driver.observe(installation)).components.map(({ name }) => name)).toEqual(['other'])
    await driver.removeInstallation(installation, { deleteData: false })
    expect(await driver.observe(installation)).toEqual({ components: [], volumes: [`${installation}-data`], snapshots: [] })
    expect(await engine.findNetwork(`sealift-${installation}`)).toBeUndefined()
    await driver.ensureInstallation(installation)
    await driver.ensureComponent(component({ volumes }))
    expect((await run(['busybox', 'cat', '/data/file'])).out).toBe('kept\n')
    await driver.removeInstallation(installation, { deleteData: true })
    expect(await driver.observe(installation)).toEqual({ components: [], volumes: [], snapshots: [] })
    await driver.removeInstallation(installation, { deleteData: true })
  })

  test("does not take another installation's volume", async () => {
    const volumes = [{ name: 'data', targetName: `${installation}-data`, path: '/data', readOnly: false, kind: 'persistent' as const }]
    await driver.ensureComponent(component({ volumes }))
    await expect(driver.ensureComponent({ ...component({ volumes }), installation: `${installation}x` })).rejects.toMatchObject({ code: 'VOLUME_TAKEN' })
  })
})

describe('after a kill at any request', () => {
  const files = [{ path: '/etc/new/site.conf', content: Buffer.from('second'), mode: 0o644 }]
  for (const lostAnswer of [false, true]) {
    test(`a repeated change comes to its end (${lostAnswer ? 'the answer was lost' : 'the request was not sent'})`, async (ctx) => {
      if (!host.host.startsWith('unix://')) ctx.skip('the engine has no socket')
      const old = component()
      const wanted = component({
        files,
        hostname: 'new',
        volumes: [{ name: 'd', targetName: `${installation}-d`, path: '/d', readOnly: false, kind: 'persistent' }],
      })
      let cuts = 0
      for (;;) {
        await driver.ensureComponent(old)
        await using proxy = await cuttingProxy(host.host.slice('unix://'.length), cuts, lostAnswer)
        const cutOff = createDockerDriver({ address: proxy.address })
        const failed = await cutOff.ensureComponent(wanted).then(
          () => false,
          () => true,
        )
        expect(failed).toBe(proxy.hasCut())
        await driver.ensureComponent(wanted)
        const { holders, mains } = await containers()
        expect([holders.map(({ Name }) => Name), mains.map(({ Name }) => Name)]).toEqual([
          [`/sealift.${installation}.web.0.pod`],
          [`/sealift.${installation}.web.0`],
        ])
        expect((await observed())[0]).toMatchObject({ state: 'running', hash: wanted.hash })
        expect((await run(['busybox', 'cat', '/etc/new/site.conf'])).out).toBe('second')
        expect(await driver.ensureComponent(wanted)).toEqual({ changed: false })
        if (!failed) break
        cuts++
      }
      // A volume, two containers, the files, two removals, two names, two starts: the loop went through all of them.
      expect(cuts).toBeGreaterThan(8)
    })
  }
})

describe('a job', () => {
  test('that ended is done, until it changes', async () => {
    const volumes = [{ name: 'data', targetName: `${installation}-data`, path: '/data', readOnly: false, kind: 'persistent' as const }]
    const job = (env: Record<string, string>): WantedComponent =>
      component({ workload: 'job', command: ['sh', '-c', 'echo run >>/data/runs'], ports: [], volumes, env })
    await driver.ensureComponent(job({}))
    await until(observed, ([replica]) => replica?.state === 'exited')
    expect((await observed())[0]).toMatchObject({ exitCode: 0 })
    expect(await driver.ensureComponent(job({}))).toEqual({ changed: false })
    await driver.start(installation, 'web')
    await driver.ensureComponent(job({ AGAIN: '1' }))
    await until(observed, ([replica]) => replica?.state === 'exited')
    await driver.ensureComponent(component({ name: 'reader', volumes }))
    const stdout = new PassThrough()
    const runs = text(stdout)
    await driver.exec({
      installation,
      component: 'reader',
      replica: 0,
      command: ['busybox', 'cat', '/data/runs'],
      tty: false,
      stdout,
      stderr: new PassThrough(),
    })
    stdout.end()
    expect(await runs).toBe('run\nrun\n')
  })

  test('that failed says so', async () => {
    await driver.ensureComponent(component({ workload: 'job', command: ['sh', '-c', 'exit 7'], ports: [] }))
    const [replica] = await until(observed, ([each]) => each?.state === 'exited')
    expect(replica).toMatchObject({ exitCode: 7, message: 'ended with exit code 7' })
  })
})

describe('a host port', () => {
  const publishing = (port: number): WantedComponent => component({ ports: [{ name: 'http', port: 8080, protocol: 'tcp', hostPort: port }] })

  test('that a program holds is found before and when it is too late', async () => {
    await using holder = await listen()
    const request = { installation, components: [publishing(holder.port)], imageBytes: 0 }
    expect(await driver.preflight(request)).toMatchObject([{ severity: 'error', subject: 'web', message: expect.stringContaining(`(process ${process.pid})`) }])
    await expect(driver.ensureComponent(publishing(holder.port))).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`(process ${process.pid})`),
      details: { port: holder.port },
    })
  })

  test('that another installation holds is named with it', async () => {
    const port = await freePort()
    await driver.ensureComponent(publishing(port))
    const other = `${installation}x`
    await driver.ensureInstallation(other)
    try {
      const wanted = { ...publishing(port), installation: other, name: 'late' }
      expect(await driver.preflight({ installation, components: [publishing(port)], imageBytes: 0 })).toEqual([])
      expect(await driver.preflight({ installation: other, components: [wanted], imageBytes: 0 })).toMatchObject([
        { severity: 'error', message: expect.stringContaining(`component web of installation ${installation}`) },
      ])
      await expect(driver.ensureComponent(wanted)).rejects.toMatchObject({
        code: 'PORT_IN_USE',
        message: expect.stringContaining(`component web of installation ${installation}`),
      })
      await driver.removeComponent(installation, 'web')
      expect(await driver.ensureComponent(wanted)).toEqual({ changed: true })
    } finally {
      await driver.removeInstallation(other, { deleteData: true })
    }
  })

  async function listen(): Promise<AsyncDisposable & { readonly port: number }> {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '0.0.0.0', resolve)
    })
    const address = server.address()
    return {
      port: typeof address === 'object' && address !== null ? address.port : 0,
      [Symbol.asyncDispose]: () =>
        new Promise((resolve) => {
          server.close(() => resolve())
        }),
    }
  }
})

describe('preflight', () => {
  test('finds too little disk and memory, and ports that meet', async () => {
    const ports = [{ name: 'http', port: 8080, protocol: 'tcp' as const, hostPort: await freePort() }]
    const findings = await driver.preflight({
      installation,
      components: [component({ ports, memory: 1e15 }), component({ name: 'other', ports })],
      imageBytes: 1e17,
    })
    expect(findings.map(({ subject, severity }) => [subject, severity])).toEqual([
      ['other', 'error'],
      ['web', 'warning'],
      ['disk', 'error'],
    ])
  })
})

describe('a probe', () => {
  beforeEach(async () => {
    await driver.ensureComponent(component())
    await until(
      () => driver.probe(installation, 'web', 0, { kind: 'tcp', port: 8080 }, 2),
      ({ healthy }) => healthy,
    )
  })

  const http = (path: string, port = 8080) => ({ kind: 'http', port, path, scheme: 'http', headers: { Host: 'web' } }) as const

  test('by command', async () => {
    const ask = (script: string, timeout = 5) => driver.probe(installation, 'web', 0, { kind: 'exec', command: ['sh', '-c', script] }, timeout)
    expect(await ask('echo fine')).toEqual({ healthy: true, message: 'fine' })
    expect(await ask('echo broken >&2; exit 4')).toEqual({ healthy: false, message: 'sh ended with 4: broken' })
    expect(await ask('busybox sleep 60', 0.5)).toEqual({ healthy: false, message: 'sh: no answer within 0.5 s' })
    expect(await driver.probe(installation, 'web', 0, { kind: 'exec', command: ['nothing'] }, 5)).toMatchObject({ healthy: false })
  })

  test('by request', async () => {
    expect(await driver.probe(installation, 'web', 0, http('/'), 5)).toEqual({ healthy: true, message: 'GET http://:8080/ answered 200' })
    expect(await driver.probe(installation, 'web', 0, http('/none'), 5)).toEqual({ healthy: false, message: 'GET http://:8080/none answered 404' })
    expect(await driver.probe(installation, 'web', 0, http('/', 81), 5)).toEqual({ healthy: false, message: 'GET http://:81/: nothing listens there' })
    expect(await driver.probe(installation, 'web', 0, { kind: 'tcp', port: 81 }, 5)).toEqual({ healthy: false, message: 'port 81: nothing listens there' })
  })

  test('of what is not there or does not run', async () => {
    expect(await driver.probe(installation, 'web', 5, http('/'), 5)).toEqual({ healthy: false, message: 'its container is not there' })
    await driver.stop(installation, 'web')
    expect(await driver.probe(installation, 'web', 0, http('/'), 5)).toEqual({ healthy: false, message: 'its container does not run (exited)' })
  })
})

describe('a command', () => {
  beforeEach(async () => void (await driver.ensureComponent(component())))

  test('gives output, errors and its exit code', async () => {
    expect(await run(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({ exitCode: 3, out: 'out\n', err: 'err\n' })
  })

  test('reads its input to the end', async () => {
    const bytes = randomBytes(3_000_000).toString('base64')
    const { out } = await run(['busybox', 'cat'], { stdin: Readable.from([bytes]) })
    expect(digestOf(out)).toBe(digestOf(bytes))
  })

  test('has a terminal if wanted', async () => {
    const { out } = await run(['sh', '-c', 'busybox tty; echo done'], { tty: true })
    expect(out).toMatch(/\/dev\/pts\/\d+\r\ndone\r\n/)
  })

  test('for a replica that is not there is refused', async () => {
    await expect(run(['true'], { replica: 4 })).rejects.toMatchObject({ code: 'REPLICA_NOT_FOUND' })
  })
})

describe('logs', () => {
  const CHATTER = [
    'sh',
    '-c',
    'busybox printf %040000d 7; echo; for i in 1 2 3; do echo line $i; busybox sleep 0.1; done; echo oops >&2; exec busybox sleep 1000',
  ]

  test('of all replicas are merged by time; lines are whole', async () => {
    await driver.ensureComponent(component({ command: CHATTER, replicas: 2 }))
    const lines = await until(
      () => collect(driver.logs(installation, 'web', { follow: false })),
      (all) => all.length === 10,
    )
    expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).toSorted())
    const second = lines.filter(({ replica }) => replica === 1)
    expect(second.map(({ stream, text }) => [stream, text.length > 100 ? text.length : text])).toEqual([
      ['stdout', 40_000],
      ['stdout', 'line 1'],
      ['stdout', 'line 2'],
      ['stdout', 'line 3'],
      ['stderr', 'oops'],
    ])
    expect(second[0]?.text).toMatch(/^0+7$/)
    const last = await collect(driver.logs(installation, 'web', { follow: false, replica: 0, tail: 2 }))
    expect(last.map(({ text }) => text)).toEqual(['line 3', 'oops'])
    const since = new Date(Date.parse(second[3]?.time ?? '') - 30)
    const later = await collect(driver.logs(installation, 'web', { follow: false, replica: 1, since }))
    expect(later[0]?.text).toBe('line 3')
  })

  test('are followed until the reader stops', async () => {
    await driver.ensureComponent(component({ replicas: 2, command: ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); busybox sleep 0.1; done'] }))
    const seen = new Set<number>()
    let count = 0
    for await (const { replica } of driver.logs(installation, 'web', { follow: true })) {
      seen.add(replica)
      if (++count > 20 && seen.size === 2) break
    }
    const stop = new AbortController()
    const lines: string[] = []
    for await (const { text } of driver.logs(installation, 'web', { follow: true, tail: 1, signal: stop.signal })) {
      if (lines.push(text) === 4) stop.abort()
    }
    expect(lines.length).toBeGreaterThanOrEqual(4)
  })

  test('of what is not there are refused', async () => {
    await expect(collect(driver.logs(installation, 'web', { follow: false }))).rejects.toMatchObject({ code: 'REPLICA_NOT_FOUND' })
  })
})

describe('a one-off container', () => {
  test('gives its exit code and the end of its output, and is gone', async () => {
    const result = await driver.runOnce({
      installation,
      name: 'check',
      image,
      entrypoint: ['sh', '-c'],
      command: ['echo $A; busybox seq 1 30000; exit 5'],
      env: { A: 'first' },
      timeout: 60,
    })
    expect(result).toMatchObject({ exitCode: 5, timedOut: false })
    expect(result.output.length).toBe(64 * 1024)
    expect(result.output.endsWith('29999\n30000\n')).toBe(true)
    expect(await engine.listContainers(labelFilter({ [Label.installation]: installation }))).toEqual([])
  })

  test('is killed after its time', async () => {
    const result = await driver.runOnce({ installation, name: 'check', image, command: ['sh', '-c', 'echo begun >&2; busybox sleep 100'], env: {}, timeout: 1 })
    expect(result).toEqual({ exitCode: 137, timedOut: true, output: 'begun\n' })
    expect(await engine.listContainers(labelFilter({ [Label.installation]: installation }))).toEqual([])
  })
})
