import { hostPlatform } from '@sealift/oci/platform.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { NO_CHOICES } from '../choices.ts'
import type { ComponentState, WantedState } from '../state.ts'
import { testRelease } from '../test-release.ts'
import { applyChoices } from './apply-choices.ts'
import { withinBounds } from './bounds.ts'
import { Decisions } from './decisions.ts'
import { mergeStates } from './merge-states.ts'
import { Notes } from './note.ts'

type Component = Template['components'][number]

const OPTIONS = { installation: 'shop', decisions: new Decisions(), prune: false, platform: hostPlatform(), site: {}, contents: new Map() }
const app = (more: Partial<Component> = {}): Component => ({ name: 'app', workload: 'stateless', image: 'app:1', ...more })

function merge(before: WantedState | null, components: Component[], prune = false): WantedState {
  return mergeStates(before, testRelease('2.0.0', 2, { components }).vendor, { ...OPTIONS, prune }).next
}

function upgrade(from: Partial<Component>, to: Partial<Component>, prune = false): ComponentState | undefined {
  return merge(merge(null, [app(from)]), [app(to)], prune).components.app
}

describe('taken from the release', () => {
  const dependency = { component: 'app', wait: 'none' as const }
  const rows: [string, Partial<Component>, Partial<Component>, (state: ComponentState | undefined) => unknown, unknown][] = [
    ['image', { image: 'app:1' }, { image: 'app:2' }, (state) => state?.image?.reference, 'app:2'],
    ['entrypoint', { entrypoint: ['a'] }, { entrypoint: ['b'] }, (state) => state?.definition.entrypoint, ['b']],
    ['command', { command: ['a'] }, {}, (state) => state?.definition.command, undefined],
    ['probes', {}, { probes: { readiness: { tcp: { port: 80 } } } }, (state) => state?.definition.probes.readiness?.tcp?.port, '80'],
    ['dependencies', {}, { dependsOn: [dependency] }, (state) => state?.definition.dependsOn.length, 1],
    ['hooks', { hooks: { quiesce: { command: ['a'] } } }, { hooks: {} }, (state) => state?.definition.hooks, {}],
    ['monitors', {}, { monitors: [{ port: 9104 }] }, (state) => state?.definition.carried.monitors, [{ port: 9104 }]],
    ['user', { user: 'a' }, { user: 'b', group: 'c' }, (state) => state?.definition.user, 'b:c'],
    ['untouched memory', { resources: { memory: '1Gi' } }, { resources: { memory: '2Gi' } }, (state) => state?.memory.value, '2Gi'],
    ['untouched replicas', {}, { scaling: { min: 2, max: 4 } }, (state) => state?.replicas.value, 2],
    ['a port, new number', { ports: [{ name: 'http', port: 80 }] }, { ports: [{ name: 'http', port: 81 }] }, (state) => state?.ports.http?.port, 81],
  ]
  test.each(rows)('%s', (_, from, to, read, expected) => expect(read(upgrade(from, to))).toEqual(expected))
})

describe('kept', () => {
  test('storage, while the new wish is on offer', () => {
    const volume = { name: 'data', path: '/data', size: '1Gi' }
    const merged = upgrade({ volumes: [volume] }, { volumes: [{ ...volume, size: '5Gi' }] })?.volumes.data
    expect(merged?.definition.expression).toContain('"size":"1Gi"')
    expect(merged?.definition.vendor).toContain('"size":"5Gi"')
  })

  test('what the release dropped, marked, until it is pruned', () => {
    const from: Partial<Component> = {
      env: [{ name: 'OLD', value: '1' }],
      connection: [{ name: 'HOST', value: '${self.host}' }],
      files: [{ path: '/etc/old', source: './old' }],
      volumes: [{ name: 'data', path: '/data' }],
      ports: [{ name: 'http', port: 80 }],
    }
    const kept = upgrade(from, {})
    expect(kept?.env.OLD?.leftOver).toBe(true)
    expect(kept?.connection.HOST?.leftOver).toBe(true)
    expect(kept?.files['/etc/old']?.content.leftOver).toBe(true)
    expect(kept?.volumes.data?.definition.leftOver).toBe(true)
    expect(kept?.ports.http?.leftOver).toBe(true)
    const pruned = upgrade(from, {}, true)
    expect(pruned).toMatchObject({ env: {}, connection: {}, files: {}, volumes: {}, ports: {} })
  })

  test('a variable that the site added, even when pruning', () => {
    const installed = merge(null, [app()])
    const choices = { ...NO_CHOICES, components: { app: { env: {}, addEnv: { MINE: 'yes' }, files: {} } } }
    const next = applyChoices(installed, choices, new Notes())
    expect(merge(next, [app()], true).components.app?.env.MINE).toMatchObject({ expression: 'yes', origin: 'site' })
  })

  test('a component that the release dropped; a later release adopts it with its values', () => {
    const other: Component = { name: 'other', workload: 'stateless', image: 'other:1', env: [{ name: 'A', value: 'first' }] }
    const installed = merge(null, [app(), other])
    const without = merge(installed, [app()])
    expect(without.components.other).toMatchObject({ leftOver: true, image: { reference: 'other:1' } })
    const again = merge(without, [app(), { ...other, image: 'other:3', env: [{ name: 'A', value: 'third' }] }]).components.other
    expect(again?.leftOver).toBeUndefined()
    expect(again?.image?.reference).toBe('other:3')
    expect(again?.env.A).toMatchObject({ expression: 'first', vendor: 'third' })
  })

  test('what the site set of replicas, memory and cpu, within the bounds of the release', () => {
    const installed = merge(null, [app({ scaling: { min: 1, max: 8 } })])
    const choices = { ...NO_CHOICES, components: { app: { env: {}, files: {}, replicas: 6, memory: '256Mi', cpu: '2' } } }
    const next = applyChoices(installed, choices, new Notes())
    const same = merge(next, [app({ scaling: { min: 1, max: 8 } })]).components.app
    expect(same).toMatchObject({ replicas: { value: 6, origin: 'site' }, memory: { value: '256Mi' }, cpu: { value: '2' } })
    const tighter = merge(next, [app({ scaling: { min: 1, max: 4, minMemory: '512Mi', maxCpu: '1' } })]).components.app
    expect(tighter).toMatchObject({ replicas: { value: 4, origin: 'site' }, memory: { value: '512Mi' }, cpu: { value: '1' } })
  })
})

test.each([
  [5, { min: 1, max: 8, step: 2 }, 5],
  [6, { min: 1, max: 8, step: 2 }, 5],
  [9, { min: 1, max: 8, step: 2 }, 7],
  [0, { min: 1, max: 8, step: 2 }, 1],
])('%d replicas within %o are %d', (wanted, bounds, expected) => expect(withinBounds(wanted, bounds)).toBe(expected))
