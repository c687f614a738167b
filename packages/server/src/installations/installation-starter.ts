import { runningComponents } from '@sealift/deploy/state.ts'
import { messageOf } from '@sealift/oci/sealift-error.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { InstallationRegistry } from './installation-registry.ts'

/**
 * Starts what is installed and does not run. An engine that was restarted starts containers in no
 * order, and leaves those down whose pod's holder was not up yet.
 */
export class InstallationStarter {
  readonly #installations: InstallationRegistry
  readonly #targets: TargetRegistry

  constructor(installations: InstallationRegistry, targets: TargetRegistry) {
    this.#installations = installations
    this.#targets = targets
  }

  /** Starts all installations; what can't be started is warned of and shown by `status`. */
  async startAll(): Promise<void> {
    for (const { name, environment, current } of await this.#installations.list()) {
      if (current === undefined) continue
      try {
        const driver = await this.#targets.driverOf(environment)
        for (const component of runningComponents(current.state)) {
          if (current.state.components[component]?.definition.workload !== 'job') await driver.start(name, component)
        }
      } catch (thrown) {
        process.emitWarning(`${name} could not be started: ${messageOf(thrown)}`)
      }
    }
  }
}
