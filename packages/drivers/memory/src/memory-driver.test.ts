import type { WantedImage } from '@sealift/deploy/driver.ts'
import { driverSuite } from '@sealift/deploy/driver-suite.ts'
import { VirtualClock } from '@sealift/deploy/pipeline/virtual-clock.ts'
import { testArchive } from '@sealift/deploy/test-release.ts'
import { digestOf } from '@sealift/oci/digest.ts'
import { expect, test } from 'vitest'
import { MemoryDriver } from './memory-driver.ts'
import { type Behaviour, MemoryEngine } from './memory-engine.ts'

function image(name: string): WantedImage {
  return { reference: name, localName: `sealift.local/${name}:1`, config: digestOf(name), diffIds: [digestOf(`layer of ${name}`)] }
}

driverSuite('memory', async () => {
  const clock = new VirtualClock()
  const engine = new MemoryEngine(clock)
  const program = (name: string, behaviour: Behaviour): { readonly image: WantedImage } => {
    engine.behaviours.set(digestOf(name), behaviour)
    return { image: image(name) }
  }
  return {
    driver: new MemoryDriver(engine),
    reconnect: async () => new MemoryDriver(engine),
    archive: testArchive(),
    programs: {
      service: program('service', { output: ['ready'], runs: 'for ever' }),
      crashing: program('crashing', { exitAfter: 100, exitCode: 3, output: ['broken'] }),
      job: program('job', { output: ['done'] }),
      failing: program('failing', { exitCode: 4, output: ['refused'] }),
      slow: program('slow', { exitAfter: 3000 }),
    },
    freePort: 31_000,
    pause: (milliseconds) => clock.sleep(milliseconds),
    dispose: async () => {},
  }
})

test('an engine that is told to be dead does not answer', async () => {
  const engine = new MemoryEngine(new VirtualClock())
  engine.fault = (verb) => (verb === 'observe' ? 'unreachable' : undefined)
  await expect(new MemoryDriver(engine).observe('shop')).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' })
})
