import { canonicalJson } from '@sealift/template/canonical-json.ts'
import type { HookDefinition, InitContainerDefinition, PluginDefinition, ProgramDefinition } from '../accompanying-containers.ts'
import type { PinnedImage } from '../pinned-image.ts'
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

/** An image in the words of people. */
export function shownImage({ reference, config }: PinnedImage): string {
  return `${reference} (${config.slice(7, 19)})`
}

/** What a container runs, without the values of its variables: one of them may be secret. */
function shownProgram({ entrypoint, command, env }: ProgramDefinition): readonly string[] {
  const words = [...(entrypoint ?? []), ...(command ?? [])]
  const names = Object.keys(env)
  return [...(words.length === 0 ? [] : [words.join(' ')]), ...(names.length === 0 ? [] : [`with ${names.join(', ')}`])]
}

/** An init container in the words of people. */
export function shownInitContainer({ image, user, ...program }: InitContainerDefinition): string {
  return [...(image === undefined ? [] : [shownImage(image)]), ...shownProgram(program), ...(user === undefined ? [] : [`as ${user}`])].join(', ')
}

/** A plugin in the words of people. */
export function shownPlugin({ version, image, config, ...program }: PluginDefinition): string {
  const configured = Object.keys(config).length === 0 ? [] : [`configured ${canonicalJson(config)}`]
  return [`version ${version}`, shownImage(image), ...shownProgram(program), ...configured].join(', ')
}

/** A hook in the words of people. */
export function shownHook({ image, timeout, idempotent, ...program }: HookDefinition): string {
  const parts = [...(image === undefined ? [] : [shownImage(image)]), ...shownProgram(program), `at most ${timeout} s`]
  return [...parts, ...(idempotent ? ['can run again'] : [])].join(', ')
}
