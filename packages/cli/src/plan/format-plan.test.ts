import type { Plan, PlanItem } from '@sealift/api/plan.ts'
import { describe, expect, it } from 'vitest'
import { formatPlan, headline } from './format-plan.ts'

const item = (more: Partial<PlanItem>): PlanItem => ({
  component: 'web',
  kind: 'env',
  name: 'GREETING',
  now: 'Hello',
  then: 'Hello',
  effect: 'kept',
  why: 'The site set it.',
  restart: false,
  ...more,
})

const plan = (more: Partial<Plan> = {}): Plan => ({
  digest: `sha256:${'ab'.repeat(32)}`,
  kind: 'upgrade',
  installation: 'shop-test',
  application: 'shop',
  from: 1,
  to: null,
  fromVersion: '2.9.0',
  toVersion: '3.0.0',
  counts: '1 changed · 1 kept',
  items: [],
  findings: [],
  restarts: [],
  runs: [],
  rollbackNote: 'A failure goes back.',
  work: true,
  ...more,
})

describe('the headline of a plan', () => {
  it.each([
    [{}, 'Upgrade shop-test from 2.9.0 to 3.0.0'],
    [{ kind: 'install', fromVersion: null }, 'Install shop 3.0.0 as shop-test'],
    [{ kind: 'rollback', to: 1, fromVersion: '3.0.0', toVersion: '2.9.0' }, 'Roll back shop-test to revision 1 (3.0.0 → 2.9.0)'],
    [{ kind: 'rollback', to: 1, toVersion: '2.9.0' }, 'Roll back shop-test to revision 1 (2.9.0)'],
    [{ kind: 'uninstall' }, 'Uninstall shop-test'],
  ] as const)('%j', (more, text) => expect(headline(plan(more))).toBe(text))
})

describe('a plan', () => {
  it('shows by component what was, what will be, and why', () => {
    const items = [
      item({
        kind: 'image',
        name: 'image',
        now: `web:1@sha256:${'12'.repeat(32)}`,
        then: `web:2@sha256:${'34'.repeat(32)}`,
        effect: 'changed',
        why: 'The release brings it.',
      }),
      item({ effect: 'offered', offered: 'Welcome' }),
      item({ name: 'NEW', now: null, then: 'x', effect: 'added', why: 'New.' }),
      item({ name: 'OLD', now: 'y', then: null, effect: 'removed', why: 'Gone.' }),
      item({ component: null, kind: 'parameter', name: 'domain', now: 'a', then: 'b', effect: 'changed', why: 'The site set it.' }),
    ]
    const text = formatPlan(
      plan({ items, restarts: ['web'], findings: [{ severity: 'warning', subject: 'disk', message: 'Little is left.', hint: 'Free some.' }] }),
    )
    expect(text.split('\n')).toEqual([
      'Upgrade shop-test from 2.9.0 to 3.0.0',
      '  1 changed · 1 kept',
      '',
      'warning disk: Little is left. Free some.',
      '',
      'shop',
      '  ~ parameter domain: a → b',
      '      The site set it.',
      '',
      'web  (restarts)',
      `  ~ image: web:1@${'12'.repeat(6)} → web:2@${'34'.repeat(6)}`,
      '      The release brings it.',
      '  ? env GREETING: Hello  (vendor: Welcome)',
      '      The site set it. Take it with --take web/env/GREETING',
      '  + env NEW: x',
      '      New.',
      '  - env OLD: y → gone',
      '      Gone.',
      '',
      'A failure goes back.',
      'plan abababababab',
      '',
    ])
  })

  it('leaves out what asks for no decision where it is shown before a question', () => {
    const items = [item({ name: 'SECRET', effect: 'generated', why: 'New.' }), item({ component: 'db', effect: 'notActedOn' }), item({})]
    const short = formatPlan(plan({ items }), { all: false })
    expect(short).toContain('GREETING')
    expect(short).not.toContain('SECRET')
    expect(short).not.toContain('\ndb\n')
    expect(formatPlan(plan({ items }))).toContain('SECRET')
  })

  it('cuts long values to a line', () => {
    const text = formatPlan(plan({ items: [item({ now: null, then: `${'x'.repeat(100)}\nsecond`, effect: 'added' })] }))
    expect(text).toContain(`GREETING: ${'x'.repeat(69)}…\n`)
    expect(text).not.toContain('second')
  })
})
