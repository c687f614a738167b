import type { Dependency, PortState, ProbeDefinition, VolumeDefinition } from '../state.ts'

/** A volume in the words of people. */
export function shownVolume(definition: string): string {
  const { path, kind, size, from, readOnly } = JSON.parse(definition) as VolumeDefinition
  const what = from === undefined ? (kind === 'memory' ? 'memory ' : '') : `${from.component}/${from.volume} `
  return `${what}${size === undefined ? '' : `${size} `}at ${path}${readOnly ? ', read-only' : ''}`
}

/** A port in the words of people. */
export function shownPort({ port, protocol, public: publicPort }: PortState): string {
  const inside = `${port}/${protocol}`
  return publicPort === undefined ? inside : `${inside} on host port ${publicPort.hostPort ?? '(allocated)'}`
}

/** What depending on another component means, in the words of people. */
export function shownDependency({ wait, inject, prefix, optional }: Dependency): string {
  const parts = [
    wait === 'none' ? 'does not wait' : `waits until ${wait}`,
    ...(inject ? [] : ['injects nothing']),
    ...(prefix === '' ? [] : [`injects as ${prefix}…`]),
    ...(optional ? ['optional'] : []),
  ]
  return parts.join(', ')
}

/** A probe in the words of people. */
export function shownProbe({ exec, http, tcp, interval, timeout, failureThreshold }: ProbeDefinition): string {
  const what = exec?.join(' ') ?? (http === undefined ? `connects to ${tcp?.port ?? ''}` : `${http.scheme} ${http.path} at ${http.port}`)
  return `${what}, every ${interval} s for at most ${timeout} s, ${failureThreshold} failures allowed`
}
