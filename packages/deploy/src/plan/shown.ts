import type { PortState, VolumeDefinition } from '../state.ts'

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
