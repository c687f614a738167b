import type { WantedComponent, WantedImage } from '@sealift/deploy/driver.ts'
import { type GateRequest, passGate } from '@sealift/deploy/pipeline/gate.ts'
import { VirtualClock } from '@sealift/deploy/pipeline/virtual-clock.ts'
import type { ResolvedProbe } from '@sealift/deploy/resolve.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { beforeEach, expect, test } from 'vitest'
import { MemoryDriver } from './memory-driver.ts'
import { type Behaviour, MemoryEngine } from './memory-engine.ts'

const IMAGE: WantedImage = { reference: 'app:1', localName: 'sealift.local/app:1', config: digestOf('app'), diffIds: [] }
const PROBE: ResolvedProbe = { action: { kind: 'tcp', port: 80 }, initialDelay: 0, interval: 1, timeout: 1, successThreshold: 1, failureThreshold: 3 }

let clock: VirtualClock
let engine: MemoryEngine
let driver: MemoryDriver

beforeEach(() => {
  clock = new VirtualClock()
  engine = new MemoryEngine(clock)
  driver = new MemoryDriver(engine)
})

/** Starts a component that behaves so, and passes its gate. Returns after how many seconds of its life. */
async function gate(behaviour: Behaviour, request: Partial<GateRequest> = {}, signal = new AbortController().signal): Promise<number> {
  engine.behaviours.set(IMAGE.config, behaviour)
  engine.images.set(IMAGE.localName, IMAGE)
  await driver.ensureInstallation('shop')
  const { workload = 'stateless', replicas = 1 } = request
  const wanted: WantedComponent = {
    installation: 'shop',
    name: 'app',
    workload,
    image: IMAGE,
    env: {},
    ports: [],
    volumes: [],
    files: [],
    replicas,
    stopGrace: 1,
    privileged: false,
    capabilities: { add: [], drop: [] },
    ulimits: {},
    sysctls: {},
    extraHosts: {},
    labels: {},
    hash: 'one',
  }
  await driver.ensureComponent(wanted)
  const started = clock.now()
  await passGate(
    { installation: 'shop', component: 'app', workload, replicas, probes: {}, timeout: 300, ...request },
    { driver, clock, signal, report: () => {} },
  )
  return (clock.now() - started) / 1000
}

test('without a probe a component is healthy after ten seconds', async () => expect(await gate({})).toBe(10))

test('a probe is asked until it succeeds, so often in a row as it says', async () => {
  expect(await gate({ readyAfter: 4000 }, { probes: { readiness: PROBE } })).toBe(4)
  expect(await gate({ readyAfter: 4000 }, { probes: { readiness: { ...PROBE, successThreshold: 3 } } })).toBeGreaterThanOrEqual(2)
})

test('what is ready soon is found soon, whatever the interval of its probe', async () => {
  expect(await gate({ readyAfter: 700 }, { probes: { readiness: { ...PROBE, interval: 30 } } })).toBeLessThanOrEqual(1)
  engine.components.clear()
  expect(await gate({ readyAfter: 20_000 }, { probes: { readiness: { ...PROBE, interval: 5 } } })).toBeLessThanOrEqual(25)
})

test('what was not changed and has run for long is not waited for', async () => {
  await gate({})
  await clock.sleep(60_000)
  expect(await gate({})).toBe(10)
  const [replica] = engine.replicas('shop', 'app')
  expect(replica?.startedAt).toBeLessThan(clock.now() - 70_000)
  expect(await gate({}, { untouched: true })).toBe(0)
})

test('the first attempt waits for the initial delay', async () => expect(await gate({}, { probes: { readiness: { ...PROBE, initialDelay: 7 } } })).toBe(7))

test('readiness is asked once startup has succeeded', async () => {
  const readiness = { ...PROBE, action: { kind: 'exec', command: ['false'] } } as const
  await expect(gate({}, { probes: { startup: PROBE, readiness }, timeout: 20 })).rejects.toMatchObject({
    code: 'COMPONENT_UNHEALTHY',
    message: expect.stringContaining('did not become healthy within 20 seconds: false ended with 1'),
  })
})

test('all replicas are waited for', async () => expect(await gate({ readyAfter: 3000 }, { replicas: 3, probes: { readiness: PROBE } })).toBe(3))

test('a component that keeps ending fails long before its time, with the end of its log', async () => {
  const output = Array.from({ length: 30 }, (_, line) => `line ${line}`)
  const failure = gate({ exitAfter: 1000, exitCode: 7, output }, { probes: { readiness: { ...PROBE, action: { kind: 'exec', command: ['false'] } } } })
  await expect(failure).rejects.toMatchObject({ code: 'COMPONENT_CRASHED', message: expect.stringMatching(/restarted 5 times \(it ended with 7\).*line 29$/s) })
  await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('line 19\n') })
})

test('a job is waited for until it ends with 0', async () => expect(await gate({ exitAfter: 30_000 }, { workload: 'job' })).toBe(30))

test('a job that ends otherwise has failed at once', async () => {
  await expect(gate({ exitAfter: 2000, exitCode: 9, output: ['table is missing'] }, { workload: 'job' })).rejects.toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringContaining('job app ended with 9; the last it printed:\n  table is missing'),
  })
})

test('a job that does not end in time has failed', async () => {
  await expect(gate({ exitAfter: 60_000 }, { workload: 'job', timeout: 5 })).rejects.toThrow('job app did not end within 5 seconds')
})

test('waiting ends when it is told to', async () => {
  const abort = new AbortController()
  const waiting = gate({ readyAfter: 'never' }, { probes: { readiness: PROBE } }, abort.signal)
  void clock.sleep(5000).then(() => abort.abort(new Error('enough')))
  await expect(waiting).rejects.toThrow('enough')
})
