import type { Plan } from '@sealift/api/plan.ts'
import { formatColumns, wrap } from '../terminal/columns.ts'
import { paint } from '../terminal/style.ts'
import { formatItems } from './format-item.ts'

const VERBS: Readonly<Record<Plan['kind'], string>> = {
  install: 'Install',
  configure: 'Configure',
  upgrade: 'Upgrade',
  rollback: 'Roll back',
  return: 'Return',
  uninstall: 'Uninstall',
}

const WIDEST = 100

/** Characters that a line of a plan may have. */
export function planColumns(): number {
  return Math.min(process.stdout.columns || 80, WIDEST)
}

/** What is shown of a plan. */
export interface PlanFormat {
  /** Also what stays as it is and what is only new: everything. */
  readonly all: boolean
  /** Also the whole of long values and the differences of files. */
  readonly full?: boolean
}

/** A plan as people read it: what it comes to and what is restarted for it, then by component what changes, from what to what, and why. */
export function formatPlan(plan: Plan, { all, full = false }: PlanFormat = { all: true }): string {
  const columns = planColumns()
  const lines = [paint(process.stdout, 'bold', headline(plan)), `  ${plan.counts}`, ...consequences(plan, columns)]
  for (const { severity, subject, message, hint } of plan.findings) {
    const label = paint(process.stdout, severity === 'error' ? ['bold', 'red'] : 'yellow', severity)
    lines.push('', ...wrap(`${label} ${subject}: ${message} ${hint}`, columns))
  }
  const shown = all ? plan.items : plan.items.filter(({ effect }) => effect !== 'generated' && effect !== 'notActedOn')
  const heading = (component: string | null): string => `${paint(process.stdout, 'bold', component ?? plan.application)}${consequence(plan, component)}`
  lines.push(...formatItems(shown, heading, { columns, full, choices: plan.kind === 'upgrade', reasons: true }))
  lines.push('', ...wrap(plan.rollbackNote, columns), `plan ${plan.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`)
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

/** What happens to whole components, before anything else is read. */
function consequences({ kind, restarts, starts, runs, removes, work }: Plan, columns: number): string[] {
  if (!work) return ['  no container is touched']
  // Everything is new where something is installed, and goes where it is uninstalled.
  if (kind === 'install' || kind === 'uninstall') return []
  const rows = [
    ['restarts', restarts],
    ['starts', starts],
    ['runs', runs],
    ['removes', removes],
  ] as const
  return rows
    .filter(([, names]) => names.length > 0)
    .flatMap(([what, names]) =>
      wrap(names.join(', '), columns - 12).map((line, index) => formatColumns([[index === 0 ? what.padEnd(8) : ' '.repeat(8), line]], '  ').trimEnd()),
    )
}

/** What happens to the containers of a component that is there already. */
function consequence({ kind, restarts, runs, removes }: Plan, component: string | null): string {
  if (component === null || kind === 'uninstall') return ''
  if (restarts.includes(component)) return '  (restarts)'
  if (removes.includes(component)) return '  (is removed)'
  return runs.includes(component) && kind !== 'install' ? '  (runs again)' : ''
}
