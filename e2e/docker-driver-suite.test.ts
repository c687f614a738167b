import { setTimeout as sleep } from 'node:timers/promises'
import { driverSuite, type SuiteProgram } from '@sealift/deploy/driver-suite.ts'
import { createDockerDriver } from '@sealift/driver-docker/docker-driver.ts'
import { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import { type VendorEngine, vendorEngine } from '@sealift/testbed/engine.ts'
import { afterAll } from 'vitest'
import { archiveOf, busyboxImage, busyboxMissing } from './busybox-image.ts'
import { freePort } from './free-port.ts'

let host: VendorEngine | undefined

afterAll(async () => host?.stop())

driverSuite('docker', async () => {
  const skip = busyboxMissing()
  if (skip !== undefined) return { skip }
  host ??= await vendorEngine()
  const { host: address } = host
  const driver = createDockerDriver({ address })
  const image = await busyboxImage('suite')
  const program = (script: string): SuiteProgram => ({ image, entrypoint: ['sh', '-c'], command: [script] })
  return {
    driver,
    reconnect: () => Promise.resolve(createDockerDriver({ address })),
    archive: archiveOf(),
    programs: {
      service: program('echo ready; exec busybox sleep 100000'),
      crashing: program('echo broken; exit 3'),
      job: program('echo done'),
      failing: program('echo refused; exit 4'),
      slow: program('exec busybox sleep 3'),
    },
    freePort: await freePort(),
    pause: (milliseconds) => sleep(milliseconds),
    dispose: async () => {
      for (const installation of ['suite', 'suite-2']) await driver.removeInstallation(installation, { deleteData: true })
      using engine = new EngineClient(address)
      await engine.removeImage(image.localName)
      await driver[Symbol.asyncDispose]()
    },
  }
})
