import { hostPlatform } from '@sealift/oci/platform.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { Decisions } from './plan/decisions.ts'
import { mergeStates } from './plan/merge-states.ts'
import { componentHash, type ResolveContext, resolveHook } from './resolve.ts'
import { contentOf, imagesOf, type WantedState } from './state.ts'
import { testConfig, testRelease } from './test-release.ts'

type Component = Template['components'][number]

function context(component: Partial<Component>, template: Partial<Template> = {}): ResolveContext {
  const components: Component[] = [{ name: 'app', workload: 'stateless', image: 'app:1', ...component }]
  const { vendor, contents } = testRelease('1.0.0', 1, { ...template, components })
  const options = { installation: 'shop', decisions: new Decisions(), prune: false, platform: hostPlatform(), site: {}, contents: new Map() }
  return { installation: 'shop', state: mergeStates(null, vendor, options).next, contents }
}

describe('images of what accompanies a component', () => {
  const { state } = context(
    { initContainers: [{ name: 'fetch', image: 'init:1' }], hooks: { quiesce: { image: 'hook:1' }, afterUpgrade: {} }, plugins: [{ name: 'meter' }] },
    { plugins: [{ name: 'meter', version: '1.0.0', image: 'plugin:1' }] },
  )

  test('are pinned, so that going back needs no release', () => {
    expect(imagesOf(state).map(({ reference }) => reference)).toEqual(['app:1', 'init:1', 'plugin:1', 'hook:1'])
  })

  test('stay in the content store for as long as the revision', () => {
    for (const image of ['app:1', 'init:1', 'plugin:1', 'hook:1']) expect(contentOf(state)).toContain(testConfig(image))
  })
})

test("a plugin's configuration is that of the release with the fields that the component replaces", () => {
  const { state } = context(
    { plugins: [{ name: 'meter', config: { rate: 5 } }] },
    { plugins: [{ name: 'meter', version: '1.0.0', image: 'plugin:1', config: { rate: 1, target: '${self.host}' } }] },
  )
  expect(state.components.app?.definition.plugins?.[0]?.config).toEqual({ rate: 5, target: '${self.host}' })
})

describe('a hook', () => {
  const hooked = (hook: NonNullable<Component['hooks']>['quiesce']): ResolveContext =>
    context({
      env: [{ name: 'MODE', value: 'fast' }],
      user: '1000',
      fsGroup: 2000,
      volumes: [{ name: 'data', path: '/data' }],
      files: [{ path: '/etc/app.conf', source: './app.conf' }],
      ...(hook === undefined ? {} : { hooks: { quiesce: hook } }),
    })

  test('runs with the variables, files and volumes of its component', () => {
    const run = resolveHook(hooked({ command: ['sync', '${self.name}'], env: [{ name: 'WHY', value: 'copy' }], timeout: '20s' }), 'app', 'quiesce', () => '')
    expect(run).toMatchObject({
      name: 'hook-quiesce-app',
      component: 'app',
      image: { reference: 'app:1' },
      command: ['sync', 'app'],
      env: { MODE: 'fast', WHY: 'copy' },
      user: '1000',
      group: 2000,
      timeout: 20,
      files: [{ path: '/etc/app.conf', content: Buffer.from('content of ./app.conf') }],
      volumes: [{ targetName: 'shop.app.data.1', path: '/data' }],
    })
  })

  test('of another image is not given the user of the component, which that may not know', () => {
    const run = resolveHook(hooked({ image: 'tool:1' }), 'app', 'quiesce', () => '')
    expect(run?.image.reference).toBe('tool:1')
    expect(run).not.toHaveProperty('user')
  })

  test('is not there at another moment', () => expect(resolveHook(hooked({}), 'app', 'afterUpgrade', () => '')).toBeUndefined())
})

test('a state that was recorded before these parts acted is still read, and runs what it ran', () => {
  const plain = context({})
  const recorded = JSON.parse(JSON.stringify(plain.state)) as { components: { app: { definition: { carried: Record<string, unknown> } } } }
  recorded.components.app.definition.carried = {
    initContainers: [{ name: 'fetch', image: 'init:1' }],
    hooks: { quiesce: {} },
    plugins: [{ name: 'meter', image: 'p:1' }],
  }
  const state = recorded as unknown as WantedState
  expect(imagesOf(state).map(({ reference }) => reference)).toEqual(['app:1'])
  expect(componentHash({ ...plain, state }, 'app')).toBe(componentHash(plain, 'app'))
  expect(resolveHook({ ...plain, state }, 'app', 'quiesce', () => '')).toBeUndefined()
})
