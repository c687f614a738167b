import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Driver, ImageArchive, LogLine, ObservedComponent, RunOnce } from './driver.ts'
import { replicaHash, replicaVolume, type WantedComponent, type WantedImage } from './wanted-component.ts'

/** An image and how to start it for one purpose of the suite. */
export interface SuiteProgram {
  readonly image: WantedImage
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
}

/** A target under test: no image of {@link DriverUnderTest.programs} is on it yet. */
export interface DriverUnderTest {
  readonly driver: Driver
  /** Another driver over the same target, as after a restart of the program. */
  reconnect(): Promise<Driver>
  readonly archive: ImageArchive
  readonly programs: {
    /** Prints the line `ready` and runs until it is stopped; has echo, true and false on its PATH. */
    readonly service: SuiteProgram
    /** Prints the line `broken` and ends with 3, soon after every start. */
    readonly crashing: SuiteProgram
    /** Prints the line `done` and ends with 0. */
    readonly job: SuiteProgram
    /** Prints the line `refused` and ends with 4. */
    readonly failing: SuiteProgram
    /** Ends with 0 some seconds after its start. */
    readonly slow: SuiteProgram
  }
  /** A host port that is free. */
  readonly freePort: number
  pause(milliseconds: number): Promise<void>
  /** Takes everything away again. */
  dispose(): Promise<void>
}

/** Where there is no target to test, the reason; it is printed. */
export type DriverFactory = () => Promise<DriverUnderTest | { readonly skip: string }>

const INSTALLATION = 'suite'

function component(name: string, { image, entrypoint, command }: SuiteProgram, more: Partial<WantedComponent> = {}): WantedComponent {
  return {
    installation: INSTALLATION,
    name,
    workload: 'stateless',
    image,
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(command === undefined ? {} : { command }),
    env: {},
    ports: [],
    volumes: [],
    files: [],
    replicas: 1,
    stopGrace: 1,
    privileged: false,
    capabilities: { add: [], drop: [] },
    ulimits: {},
    sysctls: {},
    extraHosts: {},
    labels: {},
    hash: 'one',
    ...more,
  }
}

/** What every {@link Driver} promises; run against each implementation. */
export function driverSuite(name: string, factory: DriverFactory): void {
  describe(`driver: ${name}`, { timeout: 120_000 }, () => {
    let subject: DriverUnderTest
    let driver: Driver

    beforeEach(async (context) => {
      const made = await factory()
      if ('skip' in made) {
        process.stderr.write(`driver ${name}: skipped, since ${made.skip}\n`)
        context.skip(made.skip)
        return
      }
      subject = made
      driver = made.driver
    }, 120_000)

    afterEach(async () => {
      await subject?.dispose()
    }, 120_000)

    const observe = async (component: string): Promise<ObservedComponent | undefined> =>
      (await driver.observe(INSTALLATION)).components.find(({ name }) => name === component)

    /** Looks until it is so. The bound ends a test that would hang; it says nothing about speed. */
    const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
      for (let look = 0; look < 200; look += 1) {
        if (await condition()) return
        await subject.pause(200)
      }
      throw new Error(`it never came to be: ${what}`)
    }
    const isRunning = async (component: string): Promise<boolean> => (await observe(component))?.replicas.every(({ state }) => state === 'running') ?? false

    const prepare = async (...programs: readonly SuiteProgram[]): Promise<void> => {
      await driver.ensureImages(
        programs.map(({ image }) => image),
        subject.archive,
        () => {},
      )
      await driver.ensureInstallation(INSTALLATION)
    }

    test('declares what it is and can do', async () => {
      const { driver: declared, engine, platforms, acts } = await driver.capabilities()
      expect(declared).not.toBe('')
      expect(engine).toMatch(/[0-9]/)
      expect(platforms.length).toBeGreaterThan(0)
      expect(acts.has('stateless')).toBe(true)
    })

    test('transfers images once, with progress up to the end', async () => {
      const { service } = subject.programs
      expect((await driver.missingImages([service.image])).map(({ localName }) => localName)).toEqual([service.image.localName])
      const seen: [number, number][] = []
      await driver.ensureImages([service.image], subject.archive, (done, total) => void seen.push([done, total]))
      expect(await driver.missingImages([service.image])).toEqual([])
      expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1])
      await driver.ensureImages([service.image], { open: () => expect.unreachable('the image was transferred again') }, () => {})
    })

    test('observes nothing where nothing is', async () => {
      expect((await driver.observe(INSTALLATION)).components).toEqual([])
      expect(await driver.observeComponent(INSTALLATION, 'web')).toBeUndefined()
    })

    test('starts a component, and says what it runs', async () => {
      const { service } = subject.programs
      await prepare(service)
      expect(await driver.ensureComponent(component('web', service))).toEqual({ changed: true })
      await until('web runs', () => isRunning('web'))
      expect(await driver.observeComponent(INSTALLATION, 'web')).toEqual(await observe('web'))
      expect((await observe('web'))?.replicas).toMatchObject([{ index: 0, state: 'running', hash: 'one', restarts: 0, image: service.image.config }])
    })

    test('does not touch what has its hash, whatever program looks', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      await until('web runs', () => isRunning('web'))
      const before = (await observe('web'))?.replicas[0]?.startedAt
      const other = await subject.reconnect()
      await other.ensureInstallation(INSTALLATION)
      expect(await other.ensureComponent(component('web', service))).toEqual({ changed: false })
      expect((await observe('web'))?.replicas[0]?.startedAt).toBe(before)
    })

    test('replaces what has another hash', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      expect(await driver.ensureComponent(component('web', service, { env: { GREETING: 'Hello' }, hash: 'two' }))).toEqual({ changed: true })
      await until('web runs', () => isRunning('web'))
      expect((await observe('web'))?.replicas).toMatchObject([{ hash: 'two' }])
    })

    test('brings replicas to the wanted number, up and down', async () => {
      const { service } = subject.programs
      await prepare(service)
      const count = async (): Promise<readonly number[]> => ((await observe('web'))?.replicas ?? []).map(({ index }) => index).toSorted((a, b) => a - b)
      await driver.ensureComponent(component('web', service, { replicas: 3, hash: 'three' }))
      expect(await count()).toEqual([0, 1, 2])
      await driver.ensureComponent(component('web', service))
      expect(await count()).toEqual([0])
    })

    test('starts again what was stopped, with and without a wish', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      await until('web runs', () => isRunning('web'))
      await driver.stop(INSTALLATION, 'web')
      expect((await observe('web'))?.replicas).toMatchObject([{ state: 'exited' }])
      await driver.start(INSTALLATION, 'web')
      await until('web runs again', () => isRunning('web'))
      await driver.stop(INSTALLATION, 'web')
      expect(await driver.ensureComponent(component('web', service))).toEqual({ changed: true })
      await until('web runs a third time', () => isRunning('web'))
    })

    test('restarts the program of one replica', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service, { replicas: 2, hash: 'two' }))
      await until('web runs', () => isRunning('web'))
      const startOf = async (index: number): Promise<string | undefined> =>
        (await observe('web'))?.replicas.find((replica) => replica.index === index)?.startedAt
      const before = [await startOf(0), await startOf(1)]
      await subject.pause(1100)
      await driver.restart(INSTALLATION, 'web', 1)
      await until('web runs again', () => isRunning('web'))
      expect(await startOf(0)).toBe(before[0])
      expect(await startOf(1)).not.toBe(before[1])
      await expect(driver.restart(INSTALLATION, 'web', 7)).rejects.toMatchObject({ code: 'REPLICA_NOT_FOUND' })
    })

    test('tells of what happens to components, whoever does it, until told to stop', async () => {
      const { service } = subject.programs
      await prepare(service)
      const abort = new AbortController()
      const seen: string[] = []
      const other = await subject.reconnect()
      const watching = Promise.withResolvers<void>()
      const changed = Promise.withResolvers<void>()
      const ended = (async () => {
        for await (const event of driver.watch(abort.signal)) {
          seen.push(event.kind)
          if (event.kind === 'watching') watching.resolve()
          else if (event.installation === INSTALLATION && event.component === 'web') changed.resolve()
        }
      })()
      await watching.promise
      await other.ensureComponent(component('web', service))
      await changed.promise
      abort.abort()
      await ended
      expect(seen[0]).toBe('watching')
    })

    test('sees limits, and gives them', async () => {
      const { service } = subject.programs
      await prepare(service)
      const limited = component('web', service, { cpu: 0.5, memory: 64 * 1024 * 1024, hash: 'limited' })
      await driver.ensureComponent(limited)
      await until('web runs', () => isRunning('web'))
      expect((await observe('web'))?.replicas).toMatchObject([{ cpu: 0.5, memory: 64 * 1024 * 1024 }])
    })

    test('counts the restarts of what keeps ending', async () => {
      const { crashing } = subject.programs
      await prepare(crashing)
      await driver.ensureComponent(component('web', crashing))
      await until('web was restarted twice', async () => ((await observe('web'))?.replicas[0]?.restarts ?? 0) >= 2)
    })

    test('runs a job to its end and not again', async () => {
      const { job } = subject.programs
      await prepare(job)
      const wanted = component('migrate', job, { workload: 'job' })
      await driver.ensureComponent(wanted)
      await until('the job ended', async () => (await observe('migrate'))?.replicas[0]?.state === 'exited')
      expect((await observe('migrate'))?.replicas).toMatchObject([{ state: 'exited', exitCode: 0 }])
      expect(await driver.ensureComponent(wanted)).toEqual({ changed: false })
    })

    test('leaves a job that failed as it ended', async () => {
      const { failing } = subject.programs
      await prepare(failing)
      await driver.ensureComponent(component('migrate', failing, { workload: 'job' }))
      await until('the job ended', async () => (await observe('migrate'))?.replicas[0]?.state === 'exited')
      expect((await observe('migrate'))?.replicas).toMatchObject([{ exitCode: 4, restarts: 0 }])
    })

    test('runs init containers to their end before the component', async () => {
      const { service, job } = subject.programs
      await prepare(service, job)
      const initContainers = [
        { name: 'first', ...job, env: {} },
        { name: 'second', ...job, env: {} },
      ]
      await driver.ensureComponent(component('web', service, { initContainers }))
      await until('web runs', () => isRunning('web'))
      expect(await driver.ensureComponent(component('web', service, { initContainers }))).toEqual({ changed: false })
    })

    test('says what an init container printed that failed, and does not start the component', async () => {
      const { service, job, failing } = subject.programs
      await prepare(service, job, failing)
      const initContainers = [{ name: 'prepare', ...failing, env: {} }]
      await expect(driver.ensureComponent(component('web', service, { initContainers }))).rejects.toMatchObject({
        code: 'INIT_FAILED',
        message: expect.stringMatching(/init container prepare ended with 4.*refused/s),
      })
      expect((await observe('web'))?.replicas.some(({ state }) => state === 'running') ?? false).toBe(false)
      await driver.ensureComponent(component('web', service, { initContainers: [{ name: 'prepare', ...job, env: {} }], hash: 'two' }))
      await until('web runs', () => isRunning('web'))
    })

    test('an init container that does not end has failed after its time', async () => {
      const { service } = subject.programs
      await prepare(service)
      const wanted = component('web', service, { initContainers: [{ name: 'endless', ...service, env: {} }], initTimeout: 1 })
      await expect(driver.ensureComponent(wanted)).rejects.toMatchObject({
        code: 'INIT_FAILED',
        message: expect.stringContaining('did not end within 1 second'),
      })
    })

    test('stops waiting for init containers when told to, and goes on with them later', async () => {
      const { service, slow } = subject.programs
      await prepare(service, slow)
      const wanted = component('web', service, { initContainers: [{ name: 'slow', ...slow, env: {} }] })
      const abort = new AbortController()
      const ensuring = driver.ensureComponent(wanted, { signal: abort.signal })
      void subject.pause(1000).then(() => abort.abort(new Error('enough')))
      await expect(ensuring).rejects.toThrow('enough')
      const other = await subject.reconnect()
      await other.ensureComponent(wanted)
      await until('web runs', () => isRunning('web'))
    })

    test('runs plugins beside a component, and replaces each alone', async () => {
      const { service } = subject.programs
      await prepare(service)
      const plugin = { name: 'meter', ...service, env: {}, ports: [], hash: 'p1' }
      const wanted = component('web', service, { plugins: [plugin] })
      const whole = async (): Promise<boolean> =>
        (await isRunning('web')) && ((await observe('web'))?.replicas[0]?.plugins?.every(({ running }) => running) ?? false)
      await driver.ensureComponent(wanted)
      await until('web and its plugin run', whole)
      const [before] = (await observe('web'))?.replicas ?? []
      expect(before).toMatchObject({ hash: replicaHash('one', [plugin]), plugins: [{ name: 'meter' }] })
      expect(await driver.ensureComponent(wanted)).toEqual({ changed: false })

      const changed = { ...plugin, env: { SEALIFT_PLUGIN_CONFIG: '{}' }, hash: 'p2' }
      expect(await driver.ensureComponent({ ...wanted, plugins: [changed] })).toEqual({ changed: true })
      await until('the other plugin runs', whole)
      expect((await observe('web'))?.replicas).toMatchObject([{ hash: replicaHash('one', [changed]), startedAt: before?.startedAt }])

      expect(await driver.ensureComponent({ ...wanted, plugins: [changed], env: { A: '1' }, hash: 'two' })).toEqual({ changed: true })
      await until('the other component runs', whole)
      expect((await observe('web'))?.replicas).toMatchObject([{ hash: replicaHash('two', [changed]) }])

      await driver.ensureComponent(component('web', service, { env: { A: '1' }, hash: 'two' }))
      expect((await observe('web'))?.replicas).toMatchObject([{ hash: 'two' }])
      expect((await observe('web'))?.replicas[0]).not.toHaveProperty('plugins')
    })

    test('brings only the replicas that it is told to, further ones too', async () => {
      const { service } = subject.programs
      await prepare(service)
      const hashes = async (): Promise<readonly string[]> => ((await observe('web'))?.replicas ?? []).map(({ index, hash }) => `${index} ${hash}`).toSorted()
      await driver.ensureComponent(component('web', service, { replicas: 2 }))
      const next = component('web', service, { replicas: 2, env: { A: '1' }, hash: 'two' })
      await driver.ensureComponent(next, { only: [2] })
      expect(await hashes()).toEqual(['0 one', '1 one', '2 two'])
      await driver.ensureComponent(next, { only: [0] })
      expect(await hashes()).toEqual(['0 two', '1 one', '2 two'])
      await driver.ensureComponent(next)
      expect(await hashes()).toEqual(['0 two', '1 two'])
    })

    test('gives each replica volumes of its own where it is told to', async () => {
      const { service } = subject.programs
      await prepare(service)
      const volume = { name: 'data', targetName: `${INSTALLATION}.db.data.1`, path: '/data', readOnly: false, kind: 'persistent', perReplica: true } as const
      await driver.ensureComponent(component('db', service, { workload: 'stateful', replicas: 2, volumes: [volume] }))
      expect((await driver.observe(INSTALLATION)).volumes.toSorted()).toEqual([replicaVolume(volume, 0), replicaVolume(volume, 1)])
    })

    test('starts nothing of what runs by a schedule, but a run at a time, and keeps the last', async () => {
      const { service, job } = subject.programs
      await prepare(service, job)
      const wanted = component('tidy', job, { workload: 'cron' })
      await driver.ensureComponent(wanted)
      expect((await observe('tidy'))?.replicas ?? []).toEqual([])
      expect(await driver.startRun(wanted, 'run-1')).toEqual({ started: true })
      await until('the run ended', async () => (await observe('tidy'))?.replicas[0]?.state === 'exited')
      expect((await observe('tidy'))?.replicas).toMatchObject([{ run: 'run-1', exitCode: 0 }])
      expect(await driver.startRun(wanted, 'run-1')).toEqual({ started: true })
      expect((await observe('tidy'))?.replicas).toMatchObject([{ state: 'exited' }])
      await driver.ensureComponent(wanted)
      expect((await observe('tidy'))?.replicas).toMatchObject([{ run: 'run-1' }])

      const endless = component('tidy', service, { workload: 'cron', hash: 'two' })
      expect(await driver.startRun(endless, 'run-2')).toEqual({ started: true })
      await until('the second run is under way', () => isRunning('tidy'))
      expect(await driver.startRun(endless, 'run-3')).toEqual({ started: false })
      expect((await observe('tidy'))?.replicas).toMatchObject([{ run: 'run-2' }])
    })

    test('an address at which nothing is does not answer', async () => {
      expect(await driver.probeAddress('127.0.0.1', { kind: 'tcp', port: subject.freePort }, 2)).toMatchObject({ healthy: false })
      expect(await driver.probeAddress('127.0.0.1', { kind: 'exec', command: ['true'] }, 2)).toMatchObject({ healthy: false })
    })

    test('removes a component and keeps its volumes', async () => {
      const { service } = subject.programs
      await prepare(service)
      const volume = { name: 'data', targetName: `${INSTALLATION}.db.data.1`, path: '/data', readOnly: false, kind: 'persistent' } as const
      await driver.ensureComponent(component('db', service, { volumes: [volume] }))
      await driver.removeComponent(INSTALLATION, 'db')
      expect(await observe('db')).toBeUndefined()
      expect((await driver.observe(INSTALLATION)).volumes).toContain(volume.targetName)
      await driver.removeComponent(INSTALLATION, 'db')
    })

    test('removes an installation, and its volumes only if told to', async () => {
      const { service } = subject.programs
      await prepare(service)
      const volume = { name: 'data', targetName: `${INSTALLATION}.db.data.1`, path: '/data', readOnly: false, kind: 'persistent' } as const
      await driver.ensureComponent(component('db', service, { volumes: [volume] }))
      await driver.removeInstallation(INSTALLATION, { deleteData: false })
      expect(await driver.observe(INSTALLATION)).toMatchObject({ components: [], volumes: [volume.targetName] })
      await driver.snapshot({ installation: INSTALLATION, component: 'db', from: volume.targetName, to: `${INSTALLATION}.db.data.s1` })
      await driver.removeInstallation(INSTALLATION, { deleteData: true })
      expect(await driver.observe(INSTALLATION)).toEqual({ components: [], volumes: [], snapshots: [] })
    })

    test('keeps installations apart', async () => {
      const { service } = subject.programs
      await prepare(service)
      const other = `${INSTALLATION}-2`
      await driver.ensureInstallation(other)
      await driver.ensureComponent(component('web', service))
      await driver.ensureComponent({ ...component('web', service), installation: other })
      await driver.removeInstallation(other, { deleteData: true })
      expect((await driver.observe(other)).components).toEqual([])
      expect((await observe('web'))?.replicas).toHaveLength(1)
    })

    test('copies a volume into a snapshot and out of it, and leaves both as they were', async () => {
      const { service } = subject.programs
      await prepare(service)
      const volumeOf = (targetName: string) => ({ name: 'data', targetName, path: '/data', readOnly: false, kind: 'persistent' }) as const
      const [first, second, taken] = [`${INSTALLATION}.db.data.1`, `${INSTALLATION}.db.data.2`, `${INSTALLATION}.db.data.s3`]
      await driver.ensureComponent(component('db', service, { volumes: [volumeOf(first)] }))
      await driver.stop(INSTALLATION, 'db')
      const copy = { installation: INSTALLATION, component: 'db', from: first, to: taken }
      const tally = await driver.snapshot(copy)
      // As after a crash in the middle of it.
      expect(await driver.snapshot(copy)).toEqual(tally)
      expect(await driver.observe(INSTALLATION)).toMatchObject({ volumes: [first], snapshots: [taken] })
      const back = { installation: INSTALLATION, component: 'db', from: taken, to: second, tally }
      await driver.restore(back)
      await driver.restore(back)
      expect(await driver.observe(INSTALLATION)).toMatchObject({ volumes: [first, second], snapshots: [taken] })
      await driver.ensureComponent(component('db', service, { volumes: [volumeOf(second)], hash: 'two' }))
      await until('db runs', () => isRunning('db'))
      const usage = await driver.measureVolumes(INSTALLATION, [first, second, taken, `${INSTALLATION}.db.data.9`])
      expect(usage.map(({ volume, bytes }) => [volume, bytes])).toEqual([first, second, taken].map((volume) => [volume, tally.bytes]))
      await expect(driver.removeVolume(INSTALLATION, second)).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
      for (const volume of [first, taken, taken]) await driver.removeVolume(INSTALLATION, volume)
      expect(await driver.observe(INSTALLATION)).toMatchObject({ volumes: [second], snapshots: [] })
    })

    test('refuses to bring back a snapshot that is not what was taken', async () => {
      const { service } = subject.programs
      await prepare(service)
      const [data, taken, back] = [`${INSTALLATION}.db.data.1`, `${INSTALLATION}.db.data.s3`, `${INSTALLATION}.db.data.2`]
      const volume = { name: 'data', targetName: data, path: '/data', readOnly: false, kind: 'persistent' } as const
      await driver.ensureComponent(component('db', service, { volumes: [volume] }))
      await driver.stop(INSTALLATION, 'db')
      const copy = { installation: INSTALLATION, component: 'db', from: data, to: taken }
      const tally = await driver.snapshot(copy)
      const damaged = { ...tally, tree: 'another', content: 'another' }
      await expect(driver.restore({ ...copy, from: taken, to: back, tally: damaged })).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' })
      expect((await driver.observe(INSTALLATION)).volumes).not.toContain(back)
      await expect(driver.snapshot({ ...copy, from: `${INSTALLATION}.db.data.9` })).rejects.toMatchObject({ code: 'SNAPSHOT_FAILED' })
    })

    test('says that a host port is taken before it is needed', async () => {
      const { service } = subject.programs
      await prepare(service)
      const port = { name: 'http', port: 80, protocol: 'tcp', hostPort: subject.freePort } as const
      await driver.ensureComponent(component('web', service, { ports: [port] }))
      await until('web runs', () => isRunning('web'))
      const wanted = component('web', service, { ports: [port] })
      const own = await driver.preflight({ installation: INSTALLATION, components: [wanted], imageBytes: 0 })
      expect(own.filter(({ severity }) => severity === 'error')).toEqual([])
      const elsewhere = { installation: `${INSTALLATION}-2`, components: [{ ...wanted, installation: `${INSTALLATION}-2` }], imageBytes: 0 }
      expect((await driver.preflight(elsewhere)).filter(({ severity }) => severity === 'error')).toHaveLength(1)
      const asks = { components: [], imageBytes: 0, ports: [subject.freePort] }
      expect(await driver.preflight({ ...asks, installation: INSTALLATION })).toEqual([])
      expect(await driver.preflight({ ...asks, installation: elsewhere.installation })).toMatchObject([
        { severity: 'error', subject: `port ${subject.freePort}` },
      ])
    })

    test('probes by a command in the container', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      await until('web runs', () => isRunning('web'))
      expect(await driver.probe(INSTALLATION, 'web', 0, { kind: 'exec', command: ['true'] }, 5)).toMatchObject({ healthy: true })
      expect(await driver.probe(INSTALLATION, 'web', 0, { kind: 'exec', command: ['false'] }, 5)).toMatchObject({ healthy: false })
      expect(await driver.probe(INSTALLATION, 'nothing', 0, { kind: 'exec', command: ['true'] }, 5)).toMatchObject({ healthy: false })
    })

    test('runs commands, with output and exit code', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      await until('web runs', () => isRunning('web'))
      const run = async (command: readonly string[]): Promise<{ exitCode: number; output: string }> => {
        const [stdout, stderr] = [new PassThrough(), new PassThrough()]
        const output = text(stdout)
        stderr.resume()
        const { exitCode } = await driver.exec({ installation: INSTALLATION, component: 'web', replica: 0, command, tty: false, stdout, stderr })
        stdout.end()
        return { exitCode, output: await output }
      }
      expect(await run(['echo', 'hello', 'there'])).toEqual({ exitCode: 0, output: 'hello there\n' })
      expect(await run(['false'])).toMatchObject({ exitCode: 1 })
    })

    test('reads logs, the last lines too', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      const lines = async (): Promise<LogLine[]> => {
        const lines: LogLine[] = []
        for await (const line of driver.logs(INSTALLATION, 'web', { follow: false, tail: 10 })) lines.push(line)
        return lines
      }
      await until('web printed something', async () => (await lines()).length > 0)
      expect(await lines()).toMatchObject([{ component: 'web', replica: 0, stream: 'stdout', text: 'ready' }])
    })

    test('stops following a log when told to', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      const abort = new AbortController()
      const texts: string[] = []
      for await (const line of driver.logs(INSTALLATION, 'web', { follow: true, signal: abort.signal })) {
        texts.push(line.text)
        abort.abort()
      }
      expect(texts).toEqual(['ready'])
    })

    test('goes on following a log when the component is restarted and replaced', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      await until('web runs', () => isRunning('web'))
      const abort = new AbortController()
      const texts: string[] = []
      const following = (async () => {
        for await (const line of driver.logs(INSTALLATION, 'web', { follow: true, signal: abort.signal })) texts.push(line.text)
      })()
      await until('the first line came', async () => texts.length === 1)
      await subject.pause(1100)
      await driver.restart(INSTALLATION, 'web', 0)
      await until('the line of the restarted program came', async () => texts.length === 2)
      await driver.ensureComponent(component('web', service, { env: { GREETING: 'Hello' }, hash: 'two' }))
      await until('the line of the replaced container came', async () => texts.length === 3)
      abort.abort()
      await following
      expect(texts).toEqual(['ready', 'ready', 'ready'])
    })

    test('reads what was printed before the last restart', async () => {
      const { crashing } = subject.programs
      await prepare(crashing)
      await driver.ensureComponent(component('web', crashing))
      await until('web was restarted', async () => ((await observe('web'))?.replicas[0]?.restarts ?? 0) >= 1)
      const lines: string[] = []
      for await (const { text } of driver.logs(INSTALLATION, 'web', { follow: false, previous: true, tail: 1 })) lines.push(text)
      expect(lines).toEqual(['broken'])
      await expect(driver.logs(INSTALLATION, 'none', { follow: false })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'REPLICA_NOT_FOUND' })
    })

    test('ends a command whose reader goes away', async () => {
      const { service } = subject.programs
      await prepare(service)
      await driver.ensureComponent(component('web', service))
      await until('web runs', () => isRunning('web'))
      const abort = new AbortController()
      abort.abort()
      const [stdout, stderr] = [new PassThrough().resume(), new PassThrough().resume()]
      const command = ['busybox', 'sleep', '1000']
      await driver.exec({ installation: INSTALLATION, component: 'web', replica: 0, command, tty: false, stdout, stderr, signal: abort.signal })
    })

    test('runs something once, to its end', async () => {
      const { job, failing } = subject.programs
      await prepare(job, failing)
      const run = ({ image, entrypoint, command }: SuiteProgram) =>
        driver.runOnce({
          installation: INSTALLATION,
          name: 'check',
          image,
          ...(entrypoint === undefined ? {} : { entrypoint }),
          ...(command === undefined ? {} : { command }),
          env: {},
          timeout: 60,
        })
      expect(await run(job)).toEqual({ exitCode: 0, timedOut: false, output: 'done\n' })
      expect(await run(failing)).toEqual({ exitCode: 4, timedOut: false, output: 'refused\n' })
    })

    test('finds a run by its key again, whatever program began it, and keeps its outcome until it is forgotten', async () => {
      const { job, service } = subject.programs
      await prepare(job, service)
      const once = (name: string, key: string, { image, entrypoint, command }: SuiteProgram): RunOnce => ({
        installation: INSTALLATION,
        name,
        key,
        image,
        ...(entrypoint === undefined ? {} : { entrypoint }),
        ...(command === undefined ? {} : { command }),
        env: {},
        timeout: 60,
      })
      expect(await driver.findRun(INSTALLATION, 'hook', 'one')).toBeUndefined()
      expect(await driver.runOnce(once('hook', 'one', job))).toMatchObject({ exitCode: 0, output: 'done\n' })
      const other = await subject.reconnect()
      expect(await other.findRun(INSTALLATION, 'hook', 'one')).toEqual({ state: 'ended', exitCode: 0 })
      expect(await other.findRun(INSTALLATION, 'hook', 'two')).toBeUndefined()
      // It is not run again: this program would not end.
      expect(await other.runOnce(once('hook', 'one', service))).toMatchObject({ exitCode: 0, output: 'done\n' })
      await driver.forgetRun(INSTALLATION, 'hook')
      await driver.forgetRun(INSTALLATION, 'hook')
      expect(await driver.findRun(INSTALLATION, 'hook', 'one')).toBeUndefined()

      const abort = new AbortController()
      const running = driver.runOnce({ ...once('long', 'one', service), signal: abort.signal })
      running.catch(() => {})
      await until('it runs', async () => (await driver.findRun(INSTALLATION, 'long', 'one'))?.state === 'running')
      abort.abort(new Error('given up'))
      await expect(running).rejects.toThrow('given up')
      expect(await driver.findRun(INSTALLATION, 'long', 'one')).toBeUndefined()
    })

    test('stops a transfer of images when told to', async () => {
      const { service } = subject.programs
      const abort = new AbortController()
      const archive: ImageArchive = {
        open: (images, omit) => {
          abort.abort(new Error('given up'))
          return subject.archive.open(images, omit)
        },
      }
      await expect(driver.ensureImages([service.image], archive, () => {}, abort.signal)).rejects.toThrow('given up')
      await driver.ensureImages([service.image], subject.archive, () => {})
      expect(await driver.missingImages([service.image])).toEqual([])
    })

    test('kills what runs once for too long', async () => {
      const { service } = subject.programs
      await prepare(service)
      const { image, entrypoint, command } = service
      const run = { installation: INSTALLATION, name: 'check', image, env: {}, timeout: 1 }
      expect(
        await driver.runOnce({ ...run, ...(entrypoint === undefined ? {} : { entrypoint }), ...(command === undefined ? {} : { command }) }),
      ).toMatchObject({ timedOut: true })
    })
  })
}
