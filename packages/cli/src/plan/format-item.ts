import type { PlanItem } from '@sealift/api/plan.ts'
import { wrap } from '../terminal/columns.ts'
import { paint } from '../terminal/style.ts'
import { brief, briefPair, oneLine } from './brief.ts'

/** What each effect is called, the sign before its line, and how early it is read. */
const EFFECTS: Readonly<Record<PlanItem['effect'], { readonly sign: string; readonly format: Parameters<typeof paint>[1]; readonly rank: number }>> = {
  changed: { sign: '~', format: 'yellow', rank: 0 },
  added: { sign: '+', format: 'green', rank: 0 },
  removed: { sign: '-', format: 'red', rank: 0 },
  generated: { sign: '+', format: 'green', rank: 1 },
  allocated: { sign: '+', format: 'green', rank: 1 },
  copied: { sign: '»', format: 'cyan', rank: 1 },
  restored: { sign: '«', format: 'yellow', rank: 1 },
  run: { sign: '▸', format: 'cyan', rank: 1 },
  offered: { sign: '?', format: 'cyan', rank: 2 },
  leftOver: { sign: '!', format: 'magenta', rank: 3 },
  kept: { sign: '=', format: 'dim', rank: 4 },
  notActedOn: { sign: '/', format: 'dim', rank: 5 },
}

const INDENT = '      '

/** Where items are shown. */
export interface ItemFormat {
  readonly columns: number
  /** Also the whole of long values and the differences of files. */
  readonly full: boolean
  /** Whether items that are on offer show how to take them. */
  readonly choices: boolean
  /** Whether each says why; where nothing happens there is nothing to say. */
  readonly reasons: boolean
}

/** Items by component in lines, the installation's own first, each component under a heading of its own. */
export function formatItems(
  items: readonly PlanItem[],
  heading: (component: string | null, items: readonly PlanItem[]) => string,
  format: ItemFormat,
): string[] {
  const groups = new Map<string | null, PlanItem[]>()
  for (const item of items) {
    const group = groups.get(item.component) ?? []
    groups.set(item.component, group)
    group.push(item)
  }
  return [...groups]
    .toSorted(([a], [b]) => Number(a !== null) - Number(b !== null))
    .flatMap(([component, group]) => [
      '',
      heading(component, group),
      ...group.toSorted((a, b) => EFFECTS[a.effect].rank - EFFECTS[b.effect].rank).flatMap((item) => formatItem(item, format)),
    ])
}

/** One item: its values on its line, or below it where they are too long for that; then why, and what can be decided. */
function formatItem(item: PlanItem, { columns, full, choices, reasons }: ItemFormat): string[] {
  const { sign, format } = EFFECTS[item.effect]
  const subject = `  ${sign} ${item.kind === item.name ? item.kind : `${item.kind} ${item.name}`}`
  const offered = item.effect === 'changed' ? undefined : item.offered
  const short = `${subject}${inLine(item)}`
  const lines =
    short.length <= columns ? [short] : full ? [subject, ...wholeValues(item)] : [brief(subject, columns), ...cutValues(item, columns - INDENT.length - 8)]
  if (offered !== undefined) lines.push(`${INDENT}vendor  ${full ? oneLine(offered) : briefPair(item.then ?? '', offered, columns - INDENT.length - 8)[1]}`)
  const painted = lines.map((line) => paint(process.stdout, format, line))
  const rest = [...(reasons ? wrap(item.why, columns - INDENT.length) : []), ...(choices && item.effect === 'offered' ? waysOf(item) : [])]
  const diff = full ? (item.file?.offer?.diff ?? item.file?.diff) : undefined
  return [
    ...painted,
    ...rest.map((line) => `${INDENT}${paint(process.stdout, 'dim', line)}`),
    ...(diff ? formatDiff(diff).map((line) => `${INDENT}${line}`) : []),
  ]
}

function inLine({ now, then }: PlanItem): string {
  if (now === then) return now === null ? '' : `: ${oneLine(now)}`
  return now === null ? `: ${oneLine(then ?? '')}` : `: ${oneLine(now)} → ${oneLine(then ?? 'gone')}`
}

function wholeValues({ now, then }: PlanItem): string[] {
  if (now === then) return now === null ? [] : [`${INDENT}${oneLine(now)}`]
  return [...(now === null ? [] : [`${INDENT}now   ${oneLine(now)}`]), `${INDENT}then  ${oneLine(then ?? 'gone')}`]
}

function cutValues({ now, then, offered }: PlanItem, width: number): string[] {
  // What is on offer differs from what is there: both are cut at the same place.
  if (offered !== undefined && then !== null) return [`${INDENT}${briefPair(then, offered, width)[0]}`]
  if (now === null || then === null || now === then) {
    const text = now ?? then
    return text === null ? [] : [`${INDENT}${brief(text, width + 8)}${then === null ? ' → gone' : ''}`]
  }
  const [first, second] = briefPair(now, then, width)
  return [`${INDENT}now   ${first}`, `${INDENT}then  ${second}`]
}

/** What can be decided about an offer, each as it is to be typed. */
function waysOf({ selector, file }: PlanItem): string[] {
  switch (file?.offer?.merge) {
    case 'conflicts':
      return [`--take ${selector}=vendor`, `--resolve ${selector}=FILE`, `  begin FILE from: sealift plan … --merged ${selector}`]
    case 'impossible':
      return [`--take ${selector}=vendor`]
    case 'merged':
    case 'whole':
    case undefined:
      return [`--take ${selector}`]
  }
}

/** A unified diff with colours. */
export function formatDiff(diff: string): string[] {
  return diff
    .trimEnd()
    .split('\n')
    .map((line) => {
      const format = line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : line.startsWith('@@') ? 'cyan' : undefined
      return format === undefined ? line : paint(process.stdout, format, line)
    })
}
