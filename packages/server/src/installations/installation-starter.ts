import { runningComponents } from '@sealift/deploy/state.ts'
import { messageOf } from '@sealift/oci/sealift-error.ts'
import type { RunStates } from '../supervision/run-states.ts'
import type { TargetRegistry } from '../targets/target-registry.ts'
import type { InstallationRegistry } from './installation-registry.ts'

/**
 * Starts what is installed and does not run. An engine that was restarted starts containers in no
 * order, and leaves those down whose pod's holder was not up yet.
 */
export class InstallationStarter {
  readonly #installations: InstallationRegistry
  readonly #targets: TargetRegistry
  readonly #runStates: RunStates

  constructor(installations: InstallationRegistry, targets: TargetRegistry, runStates: RunStates) {
    this.#runStates = runStates
    this.#installations = installations
    this.#targets = targets
  }

  /** Starts all installations; what can't be started is warned of and shown by `status`. */
  async startAll(): Promise<void> {
    for (const { name, environment, current } of await this.#installations.list()) {
      if (current === undefined) continue
      try {
        const driver = await this.#targets.driverOf(environment)
        const stopped = await this.#runStates.stopped(name)
        for (const component of runningComponents(current.state)) {
          if (current.state.components[component]?.definition.workload !== 'job' && !stopped.has(component)) await driver.start(name, component)
        }
      } catch (thrown) {
        process.emitWarning(`${name} could not be started: ${messageOf(thrown)}`)
      }
    }
  }
}
