import { hostPlatform } from '@sealift/oci/platform.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { expect, test } from 'vitest'
import type { Capabilities } from '../driver.ts'
import type { WantedState } from '../state.ts'
import { testRelease } from '../test-release.ts'
import { componentFindings } from './component-findings.ts'
import { Decisions } from './decisions.ts'
import { mergeStates } from './merge-states.ts'

type Component = Template['components'][number]

const target: Capabilities = { driver: 'd', engine: 'd 1', platforms: [hostPlatform()], acts: new Set(['gpus']), leastMemory: 6 * 2 ** 20, cpus: 2, gpus: [] }

function state(component: Partial<Component>): WantedState {
  const components: Component[] = [{ name: 'app', workload: 'stateless', image: 'app:1', ...component }]
  const options = { installation: 'shop', decisions: new Decisions(), prune: false, platform: hostPlatform(), site: {}, contents: new Map<string, Buffer>() }
  return mergeStates(null, testRelease('1.0.0', 1, { components }).vendor, options).next
}

const found = (component: Partial<Component>, capabilities = target, before: WantedState | null = null): readonly string[] =>
  componentFindings(before, state(component), capabilities).map(({ severity, message }) => `${severity}: ${message}`)

test('a component within what the target can give raises nothing', () => {
  expect(found({ resources: { cpu: '2', memory: '6Mi' }, volumes: [{ name: 'data', path: '/data' }] })).toEqual([])
})

test('limits that the target cannot give are refused before anything is done', () => {
  expect(found({ resources: { memory: '5Mi' } })).toEqual(['error: It may use 5Mi of memory; the target gives no less than 6Mi.'])
  expect(found({ resources: { cpu: '3' } })).toEqual(['error: It may use 3 processor cores; the target has 2.'])
})

test('graphics processors that the target lacks are refused', () => {
  expect(found({ gpus: { count: 2 } })).toEqual(['error: It needs 2 graphics processors of nvidia; the target can give none.'])
  expect(found({ gpus: { count: 2 } }, { ...target, gpus: ['nvidia'] })).toEqual([])
})

test('all rights are told with the reason, once', () => {
  const privileged = { privileged: { reason: 'It formats disks for the site.' } }
  expect(found(privileged)).toEqual(["warning: It runs with all rights on the host. The vendor's reason: It formats disks for the site."])
  expect(found(privileged, target, state(privileged))).toEqual([])
})

test('several replicas that write to the volume of one are told', () => {
  const several = { scaling: { min: 2, max: 2 }, workload: 'stateful' as const }
  expect(found({ ...several, volumes: [{ name: 'data', path: '/data' }] })).toEqual([
    'warning: Its 2 replicas all write to volume data, which the release makes for one alone.',
  ])
  expect(found({ ...several, volumes: [{ name: 'data', path: '/data', access: 'shared' }] })).toEqual([])
  expect(found({ ...several, stableIdentity: true, volumes: [{ name: 'data', path: '/data' }] })).toEqual([])
})
