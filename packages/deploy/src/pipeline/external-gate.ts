import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type ResolveContext, resolveAddress, resolveProbes } from '../resolve.ts'
import type { SecretLookup } from '../scope.ts'
import { GATE, type GateContext } from './gate.ts'

/**
 * Waits until something that the site has itself answers its probe. Without one there is nothing to wait for.
 * @throws SealiftError `COMPONENT_UNHEALTHY` after the component's gate
 * @throws the signal's reason once it is aborted
 */
export async function passExternalGate(resolve: ResolveContext, name: string, secret: SecretLookup, context: GateContext): Promise<void> {
  const { driver, clock, signal, report } = context
  const { readiness, startup } = resolveProbes(resolve, name, secret)
  const probe = readiness ?? startup
  if (probe === undefined) return
  const address = resolveAddress(resolve, name, secret)
  const timeout = resolve.state.components[name]?.definition.gate ?? GATE.timeout
  const deadline = clock.now() + timeout * 1000
  let successes = 0
  await clock.sleep(probe.initialDelay * 1000, signal)
  for (;;) {
    signal.throwIfAborted()
    const { healthy, message } = await driver.probeAddress(address, probe.action, probe.timeout)
    successes = healthy ? successes + 1 : 0
    if (successes >= probe.successThreshold) return
    if (clock.now() >= deadline) {
      throw new SealiftError('COMPONENT_UNHEALTHY', `component ${name}, which the site has itself at ${address}, does not answer: ${message}`, {
        hint: 'Look whether it runs there, and whether the address is right: sealift configure changes the parameter that it comes from.',
        details: { component: name, address },
      })
    }
    report(`${address}: ${message}`)
    await clock.sleep(probe.interval * 1000, signal)
  }
}
