import type { Plan, PlanItem } from '@sealift/api/plan.ts'
import { wrap } from '../terminal/columns.ts'
import { paint } from '../terminal/style.ts'

/** What each effect is called, and the sign before its line. */
const EFFECTS: Readonly<Record<PlanItem['effect'], { readonly sign: string; readonly format: Parameters<typeof paint>[1] }>> = {
  changed: { sign: '~', format: 'yellow' },
  added: { sign: '+', format: 'green' },
  removed: { sign: '-', format: 'red' },
  generated: { sign: '+', format: 'green' },
  allocated: { sign: '+', format: 'green' },
  copied: { sign: '»', format: 'cyan' },
  restored: { sign: '«', format: 'yellow' },
  run: { sign: '▸', format: 'cyan' },
  kept: { sign: '=', format: 'dim' },
  offered: { sign: '?', format: 'cyan' },
  leftOver: { sign: '!', format: 'magenta' },
  notActedOn: { sign: '/', format: 'dim' },
}

const VERBS: Readonly<Record<Plan['kind'], string>> = {
  install: 'Install',
  configure: 'Configure',
  upgrade: 'Upgrade',
  rollback: 'Roll back',
  return: 'Return',
  uninstall: 'Uninstall',
}

const WIDEST = 100

/** What is shown of a plan. */
export interface PlanFormat {
  /** Also what stays as it is and what is only new: everything. */
  readonly all: boolean
  /** Instead of what the change is called, where nothing is going to be done. */
  readonly title?: string
}

/** A plan as people read it: counts, then by component what changes, from what to what, and why. */
export function formatPlan(plan: Plan, { all, title }: PlanFormat = { all: true }): string {
  const columns = Math.min(process.stdout.columns || 80, WIDEST)
  const lines = [title ?? headline(plan), `  ${plan.counts}`]
  for (const { severity, subject, message, hint } of plan.findings) {
    const label = paint(process.stdout, severity === 'error' ? ['bold', 'red'] : 'yellow', severity)
    lines.push('', ...wrap(`${label} ${subject}: ${message} ${hint}`, columns))
  }
  for (const [component, items] of byComponent(plan.items)) {
    const shown = all ? items : items.filter(({ effect }) => effect !== 'generated' && effect !== 'notActedOn')
    if (shown.length === 0) continue
    const isNew = items.some(({ kind, effect }) => kind === 'component' && effect === 'added')
    lines.push('', `${paint(process.stdout, 'bold', component ?? plan.application)}${isNew ? '' : consequence(plan, component)}`)
    for (const item of shown) lines.push(...formatItem(item, columns))
  }
  if (title === undefined) lines.push('', ...wrap(plan.rollbackNote, columns), `plan ${plan.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`)
  return `${lines.join('\n')}\n`
}

/** The change in a few words: `Upgrade shop from 2.9.0 to 3.0.0`. */
export function headline({ kind, installation, application, fromVersion, toVersion, to }: Plan): string {
  const subject = kind === 'install' ? `${application} ${toVersion} as ${installation}` : installation
  const way =
    kind === 'upgrade'
      ? ` from ${fromVersion} to ${toVersion}`
      : kind === 'rollback'
        ? ` to revision ${to} (${fromVersion === toVersion ? toVersion : `${fromVersion} → ${toVersion}`})`
        : ''
  return `${VERBS[kind]} ${subject}${way}`
}

function byComponent(items: readonly PlanItem[]): Map<string | null, PlanItem[]> {
  const groups = new Map<string | null, PlanItem[]>()
  for (const item of items) {
    const group = groups.get(item.component) ?? []
    group.push(item)
    groups.set(item.component, group)
  }
  return new Map([...groups].toSorted(([a], [b]) => Number(a !== null) - Number(b !== null)))
}

function formatItem(item: PlanItem, columns: number): string[] {
  const { sign, format } = EFFECTS[item.effect]
  const subject = item.kind === item.name ? item.kind : `${item.kind} ${item.name}`
  const change = paint(process.stdout, format, `  ${sign} ${subject}${values(item)}`)
  const why = item.effect === 'offered' ? `${item.why} Take it with --take ${selector(item)}` : item.why
  return [change, ...wrap(why, columns - 6).map((line) => `      ${paint(process.stdout, 'dim', line)}`)]
}

/** What happens to the containers of a component that is there already. */
function consequence({ restarts, runs }: Plan, component: string | null): string {
  if (component === null) return ''
  return restarts.includes(component) ? '  (restarts)' : runs.includes(component) ? '  (runs again)' : ''
}

/** The name of an item for `--take` and `--decline`. */
function selector({ component, kind, name }: PlanItem): string {
  return component === null ? `${kind}/${name}` : `${component}/${kind}/${name}`
}

function values({ now, then, offered, effect }: PlanItem): string {
  const arrow = now === then ? (now === null ? '' : `: ${brief(now)}`) : now === null ? `: ${brief(then ?? '')}` : `: ${brief(now)} → ${brief(then ?? 'gone')}`
  return offered === undefined || effect === 'changed' ? arrow : `${arrow}  (vendor: ${brief(offered)})`
}

/** Digests are cut to what people compare; long texts to a line. */
function brief(text: string): string {
  const line = text.replaceAll(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, '$1').replaceAll('\n', ' ')
  return line.length > 72 ? `${line.slice(0, 69)}…` : line
}
