import { parseByteSize } from '@sealift/template/byte-size.ts'
import { parseCpu } from '@sealift/template/cpu.ts'
import type { Capabilities, Finding } from '../driver.ts'
import { type ComponentState, runningComponents, volumeDefinition, type WantedState } from '../state.ts'

/** Fewer than this no engine gives. */
const LEAST_CPU = 0.01

/** A limit of a component or of one of its plugins. */
interface Limit {
  readonly what: string
  readonly cpu: string | null
  readonly memory: string | null
}

function limitsOf({ cpu, memory, definition }: ComponentState): readonly Limit[] {
  const plugins = (definition.plugins ?? []).map(({ name, cpu = null, memory = null }) => ({ what: `Plugin ${name}`, cpu, memory }))
  return [{ what: 'It', cpu: cpu.value, memory: memory.value }, ...plugins]
}

/**
 * What a person should know of the components of a state before agreeing to it: rights that they
 * ask for anew, and what the target cannot give them, which is an error.
 */
export function componentFindings(previous: WantedState | null, next: WantedState, capabilities: Capabilities): readonly Finding[] {
  return runningComponents(next).flatMap((name) => {
    const component = next.components[name]
    return component === undefined ? [] : findingsOf(name, component, previous?.components[name], capabilities)
  })
}

function findingsOf(name: string, component: ComponentState, before: ComponentState | undefined, capabilities: Capabilities): readonly Finding[] {
  const { definition, replicas, volumes } = component
  const findings: Finding[] = []
  const add = (severity: Finding['severity'], message: string, hint: string): void =>
    void findings.push({ severity, subject: `component ${name}`, message, hint })
  if (definition.privileged && !before?.definition.privileged) {
    const { privilegedReason: reason } = definition.carried
    add(
      'warning',
      `It runs with all rights on the host. The vendor's reason: ${typeof reason === 'string' ? reason : 'none'}`,
      'Agree only if you trust the vendor with the machine.',
    )
  }
  const { gpus } = definition
  if (gpus !== undefined && capabilities.acts.has('gpus') && capabilities.gpus?.includes(gpus.vendor) !== true) {
    add(
      'error',
      `It needs ${gpus.count} graphics processor${gpus.count === 1 ? '' : 's'} of ${gpus.vendor}; the target can give none.`,
      `Install the driver and the container toolkit of ${gpus.vendor} on the machine, or use another one.`,
    )
  }
  for (const { what, cpu, memory } of limitsOf(component)) {
    const bytes = memory === null ? undefined : parseByteSize(memory, `component ${name}: memory`)
    const { leastMemory, cpus } = capabilities
    if (bytes !== undefined && leastMemory !== undefined && bytes < leastMemory) {
      add(
        'error',
        `${what} may use ${memory} of memory; the target gives no less than ${leastMemory / 2 ** 20}Mi.`,
        `Give it more: sealift configure NAME ${name} --memory ${leastMemory / 2 ** 20}Mi`,
      )
    }
    const cores = cpu === null ? undefined : parseCpu(cpu, `component ${name}: cpu`)
    if (cores !== undefined && cores < LEAST_CPU)
      add('error', `${what} may use ${cpu} of a processor core; no target gives less than ${LEAST_CPU}.`, 'Give it more.')
    if (cores !== undefined && cpus !== undefined && cores > cpus) {
      add('error', `${what} may use ${cpu} processor cores; the target has ${cpus}.`, `Give it fewer: sealift configure NAME ${name} --cpu ${cpus}`)
    }
  }
  if (replicas.value > 1 && !definition.stableIdentity) {
    for (const [volume, state] of Object.entries(volumes)) {
      const { kind, readOnly, from, carried } = volumeDefinition(state)
      if (kind === 'memory' || readOnly || from !== undefined || carried.access === 'shared') continue
      add(
        'warning',
        `Its ${replicas.value} replicas all write to volume ${volume}, which the release makes for one alone.`,
        'Use one replica, or ask the vendor for access: shared or stableIdentity: true.',
      )
    }
  }
  return findings
}
