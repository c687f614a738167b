import { hostPlatform } from '@sealift/oci/platform.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Template } from '@sealift/template/schema/template.ts'
import { describe, expect, test } from 'vitest'
import { NO_CHOICES } from '../choices.ts'
import type { WantedState } from '../state.ts'
import { testRelease } from '../test-release.ts'
import { applyChoices } from './apply-choices.ts'
import { Decisions } from './decisions.ts'
import { allocateHostPorts } from './host-ports.ts'
import { mergeStates } from './merge-states.ts'
import { settleModules } from './modules.ts'
import { Notes } from './note.ts'
import { waits, waves } from './order.ts'

type Body = Pick<Template, 'components' | 'modules' | 'parameters'>

function state(body: Body): WantedState {
  return mergeStates(null, testRelease('1.0.0', 1, body).vendor, {
    installation: 'shop',
    decisions: new Decisions(),
    prune: false,
    platform: hostPlatform(),
    site: {},
    contents: new Map(),
  }).next
}

function switched(before: WantedState, modules: Record<string, boolean>): WantedState {
  return settleModules(applyChoices(before, { ...NO_CHOICES, modules }, new Notes()), new Notes())
}

const on = ({ modules }: WantedState): readonly string[] =>
  Object.entries(modules)
    .filter(([, { value }]) => value)
    .map(([name]) => name)

describe('modules', () => {
  const body: Body = {
    modules: [
      { name: 'core', default: true },
      { name: 'search', default: false },
      { name: 'reporting', default: false, requires: ['core'] },
    ],
    components: [
      { name: 'app', module: 'core', workload: 'stateless', image: 'app:1', dependsOn: [{ component: 'find', optional: true }] },
      { name: 'find', module: 'search', workload: 'stateless', image: 'find:1' },
      { name: 'report', module: 'reporting', workload: 'stateless', image: 'report:1', dependsOn: [{ component: 'find' }] },
    ],
  }

  test('are on by default, and what is optional is not pulled in', () => expect(on(switched(state(body), {}))).toEqual(['core']))

  test('bring what their components need', () => {
    const widened = switched(state(body), { reporting: true })
    expect(on(widened)).toEqual(['core', 'search', 'reporting'])
    expect(widened.modules.search?.origin).toBe('needed')
    expect(on(switched(widened, { reporting: false }))).toEqual(['core'])
  })

  test('that are needed cannot be switched off, and the error names who needs them', () => {
    const widened = switched(state(body), { reporting: true })
    expect(() => switched(widened, { search: false })).toThrow('module search is to be off, but component report needs it')
    expect(() => switched(widened, { core: false })).toThrow('module core is to be off, but module reporting needs it')
  })

  test('one that is switched off while several need it names them all', () => {
    const components = [
      ...body.components,
      { name: 'chart', module: 'core', workload: 'stateless' as const, image: 'chart:1', dependsOn: [{ component: 'find' }] },
    ]
    const widened = switched(state({ ...body, components }), { reporting: true })
    const refusal = new SealiftError('MODULE_NEEDED', 'module search is to be off, but component chart and component report need it')
    expect(() => switched(widened, { search: false })).toThrow(refusal.message)
  })

  test('go off together, and say why one went that nobody switched', () => {
    const widened = switched(state(body), { reporting: true })
    const notes = new Notes()
    const narrowed = settleModules(applyChoices(widened, { ...NO_CHOICES, modules: { reporting: false } }, notes), notes)
    expect(on(narrowed)).toEqual(['core'])
    expect(notes.get({ component: null, kind: 'module', name: 'search' })?.why).toContain('nothing does any more')
  })
})

describe('host ports', () => {
  const port = (name: string, hostPort?: number) => ({ name, port: 80, public: { kind: 'tcp' as const, ...(hostPort === undefined ? {} : { hostPort }) } })
  const component = (name: string, ...ports: ReturnType<typeof port>[]) => ({ name, workload: 'stateless' as const, image: 'app:1', ports })

  test('are allocated around what is taken, and kept', () => {
    const wanted = state({ components: [component('a', port('x'), port('y', 30_001)), component('b', port('x'))] })
    const first = allocateHostPorts(wanted, new Set([30_000]), new Notes())
    expect(first.allocations.hostPorts).toEqual({ 'a/x': 30_002, 'b/x': 30_003 })
    expect(allocateHostPorts(first, new Set([30_002]), new Notes()).allocations.hostPorts).toEqual(first.allocations.hostPorts)
  })

  test('that two components want are refused', () => {
    const wanted = state({ components: [component('a', port('x', 8080)), component('b', port('x', 8080))] })
    expect(() => allocateHostPorts(wanted, new Set(), new Notes())).toThrow('component b: port x and component a: port x both want host port 8080/tcp')
  })
})

test('components come in waves, and a ring of waits is refused', () => {
  const component = (name: string, ...needs: string[]) => ({
    name,
    workload: 'stateless' as const,
    image: 'app:1',
    dependsOn: needs.map((component) => ({ component })),
  })
  const order = waves(waits(state({ components: [component('web', 'app'), component('app', 'db', 'cache'), component('db'), component('cache')] })))
  expect(Object.fromEntries(order)).toEqual({ db: 0, cache: 0, app: 1, web: 2 })
  const ring = new Map([
    ['a', ['b']],
    ['b', ['a']],
  ])
  expect(() => waves(ring)).toThrow('components wait for each other: a → b → a')
})
