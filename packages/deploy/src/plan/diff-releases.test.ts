import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { testRelease } from '../test-release.ts'
import { diffReleases } from './diff-releases.ts'
import { itemSelector, type PlanItem } from './plan.ts'

type Body = Parameters<typeof testRelease>[2]
type Component = Template['components'][number]

const app = (more: Partial<Component> = {}): Component => ({ name: 'app', workload: 'stateless', image: 'app:1', ...more })

function diff(before: Body, after: Body): Readonly<Record<string, PlanItem>> {
  const items = diffReleases(testRelease('1.0.0', 1, before).vendor, testRelease('2.0.0', 2, after).vendor)
  return Object.fromEntries(items.map((item) => [itemSelector(item), item]))
}

describe('two releases', () => {
  const rows: [string, Body, Body, string, { now: string | null; then: string | null }][] = [
    ['an image', { components: [app()] }, { components: [app({ image: 'app:2' })] }, 'app/image/image', { now: 'app:1', then: 'app:2' }],
    ['a command', { components: [app()] }, { components: [app({ command: ['serve'] })] }, 'app/command/command', { now: null, then: 'serve' }],
    [
      'a default',
      { components: [app({ env: [{ name: 'A', value: '1' }] })] },
      { components: [app({ env: [{ name: 'A', value: '2' }] })] },
      'app/env/A',
      { now: '1', then: '2' },
    ],
    [
      'the rule for a default',
      { components: [app({ env: [{ name: 'A', value: '1' }] })] },
      { components: [app({ env: [{ name: 'A', value: '1', onUpgrade: 'locked' }] })] },
      'app/env/A',
      { now: '1', then: '1 (on upgrade: locked)' },
    ],
    [
      'how a value is generated',
      { components: [app({ connection: [{ name: 'P', generate: { length: 8 } }] })] },
      { components: [app({ connection: [{ name: 'P', generate: { length: 16, group: 'db' } }] })] },
      'app/connection/P',
      { now: '(generated) (8 characters alphanumeric)', then: '(generated) (16 characters alphanumeric, group db)' },
    ],
    ['a new component', { components: [app()] }, { components: [app(), app({ name: 'b' })] }, 'b/component/b', { now: null, then: 'stateless app:1' }],
    ['a dropped component', { components: [app(), app({ name: 'b' })] }, { components: [app()] }, 'b/component/b', { now: 'stateless app:1', then: null }],
    [
      'a component of a module that is off by default',
      { modules: [{ name: 'm', default: false }], components: [app({ module: 'm' })] },
      { modules: [{ name: 'm', default: false }], components: [app({ module: 'm', image: 'app:2' })] },
      'app/image/image',
      { now: 'app:1', then: 'app:2' },
    ],
    [
      'a module',
      { modules: [{ name: 'm' }, { name: 'n' }], components: [app()] },
      { modules: [{ name: 'm', default: false, requires: ['n'] }, { name: 'n' }], components: [app()] },
      'module/m',
      { now: 'on by default', then: 'off by default, needs n' },
    ],
    [
      'what a parameter accepts',
      { parameters: [{ name: 'p', type: 'number', default: 1, max: 5 }], components: [app()] },
      { parameters: [{ name: 'p', type: 'number', default: 1, max: 9 }], components: [app()] },
      'parameter/p',
      { now: 'number, default 1, {"max":5}', then: 'number, default 1, {"max":9}' },
    ],
    ['what it asks for', { components: [app()] }, { requires: { memory: '1Gi' }, components: [app()] }, 'setting/memory', { now: null, then: '1073741824' }],
    [
      'a route',
      { components: [app({ ports: [{ name: 'http', port: 80 }] })], routes: [{ name: 'r', component: 'app', port: 'http' }] },
      { components: [app({ ports: [{ name: 'http', port: 80 }] })], routes: [{ name: 'r', component: 'app', port: 'http', websocket: true }] },
      'route/r',
      { now: 'to app:http', then: 'to app:http, {"websocket":true}' },
    ],
    [
      'an alert',
      { components: [app()], alerts: [{ name: 'Down', expr: 'up == 0', severity: 'critical' }] },
      { components: [app()], alerts: [{ name: 'Down', expr: 'up < 1', severity: 'critical' }] },
      'alert/Down',
      { now: 'up == 0, {"severity":"critical"}', then: 'up < 1, {"severity":"critical"}' },
    ],
    [
      'bounds and autoscaling, which have one name in the template',
      { components: [app({ scaling: { max: 2 } })] },
      { components: [app({ scaling: { max: 2, metric: { kind: 'cpu', target: 70 } } })] },
      'app/setting/autoscaling',
      { now: null, then: '{"metric":{"kind":"cpu","target":70}}' },
    ],
  ]
  test.each(rows)('differ in %s', (_, before, after, selector, { now, then }) => {
    const { [selector]: item, 'release/shop': release, ...others } = diff(before, after)
    expect(release?.effect).toBe('changed')
    expect(others).toEqual({})
    const plain = (text: string | null | undefined) => text?.replace(/ \([0-9a-f]{12}\)/, '') ?? null
    expect([plain(item?.now), plain(item?.then)]).toEqual([now, then])
  })

  test('show no secret', () => {
    const secret = (value: string): Body => ({
      parameters: [{ name: 'p', type: 'secret', default: `${value}-p` }],
      components: [app({ env: [{ name: 'A', value, secret: true }] })],
    })
    const found = diff(secret('hunter22'), secret('hunter33'))
    expect(found['app/env/A']).toMatchObject({ now: '••• (secret)', then: '••• (secret)' })
    expect(JSON.stringify(found)).not.toContain('hunter')
  })
})
