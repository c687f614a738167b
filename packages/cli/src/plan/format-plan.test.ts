import type { Plan, PlanItem } from '@sealift/api/plan.ts'
import { describe, expect, it } from 'vitest'
import { formatPlan, headline } from './format-plan.ts'

const item = (more: Partial<PlanItem>): PlanItem => {
  const { component = 'web', kind = 'env', name = 'GREETING' } = more
  const selector = component === null ? `${kind}/${name}` : `${component}/${kind}/${name}`
  return { component, kind, name, now: 'Hello', then: 'Hello', effect: 'kept', why: 'The site set it.', restart: false, selector, ...more }
}

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
  starts: [],
  removes: [],
  runs: [],
  rollbackNote: 'A failure goes back.',
  work: true,
  unchanged: false,
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
      '  restarts  web',
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
      '  + env NEW: x',
      '      New.',
      '  - env OLD: y → gone',
      '      Gone.',
      '  ? env GREETING: Hello',
      '      vendor  Welcome',
      '      The site set it.',
      '      --take web/env/GREETING',
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

  it('says first what becomes of whole components', () => {
    const names = Array.from({ length: 12 }, (_, index) => `component-${index}`)
    const lines = formatPlan(plan({ restarts: names, starts: ['new'], runs: ['migrate'], removes: ['old'] })).split('\n')
    expect(lines[2]).toMatch(/^ {2}restarts {2}component-0, component-1, /)
    expect(lines[3]).toMatch(/^ {12}component-/)
    expect(lines.slice(0, 10)).toEqual(expect.arrayContaining(['  starts    new', '  runs      migrate', '  removes   old']))
    expect(lines.every((line) => line.length <= 80)).toBe(true)
    expect(formatPlan(plan({ work: false })).split('\n')[2]).toBe('  no container is touched')
  })

  it('keeps within the width, and shows of long values the place where they differ', () => {
    const long = `-Xmx512m ${'-Dflag=on '.repeat(20)}`
    const items = [
      item({ name: 'ONE', now: null, then: `${'x'.repeat(200)}\nsecond`, effect: 'added' }),
      item({ name: 'TWO', now: `${long}A`, then: `${long}B`, effect: 'changed' }),
      item({ name: 'N'.repeat(120), now: 'a', then: 'b', effect: 'changed' }),
    ]
    const lines = formatPlan(plan({ items })).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.find((line) => line.startsWith('      now '))).toMatch(/^ {6}now {3}….*A$/)
    expect(lines.find((line) => line.startsWith('      then '))).toMatch(/^ {6}then {2}….*B$/)
    expect(formatPlan(plan({ items }), { all: true, full: true })).toContain(`${long}B`)
  })

  it('shows how each offer is taken, as it is to be typed', () => {
    const offered = (merge: 'merged' | 'conflicts' | 'impossible' | 'whole') =>
      formatPlan(
        plan({
          items: [item({ kind: 'file', name: '/etc/x', effect: 'offered', offered: 'ab', file: { offer: { merge, conflicts: [], diff: '--- a\n+++ b\n' } } })],
        }),
        { all: true, full: merge === 'whole' },
      )
    expect(offered('merged')).toContain('\n      --take web/file//etc/x\n')
    expect(offered('conflicts')).toContain('\n      --take web/file//etc/x=vendor\n      --resolve web/file//etc/x=FILE\n')
    expect(offered('impossible')).toContain('\n      --take web/file//etc/x=vendor\n')
    expect(offered('whole')).toContain('      +++ b')
  })
})
