import type { Spread } from '../measure/spread.ts'
import type { Section } from './section.ts'

/** Sections as Markdown, for stdout and for the documentation alike. */
export function formatSections(sections: readonly Section[]): string {
  return sections.map(formatSection).join('\n')
}

function formatSection({ title, notes, figures, outcomes }: Section): string {
  const aims = outcomes.map(({ what, unit, value, aim, met }) => [what, ...spreadCells(value, unit), aim, met ? 'yes' : '**no**'])
  const found = figures.map(({ what, unit, value }) => [what, unit, ...spreadCells(value, unit)])
  return [
    `### ${title}\n`,
    ...notes.map((note) => `- ${note}`),
    '',
    ...(aims.length === 0 ? [] : [table(['', 'median', 'min', 'max', 'aim', 'met'], aims), '']),
    ...(found.length === 0 ? [] : [table(['', 'unit', 'median', 'min', 'max'], found), '']),
  ].join('\n')
}

function spreadCells({ median, min, max }: Spread, unit: string): string[] {
  return [median, min, max].map((value) => formatNumber(value, unit))
}

function formatNumber(value: number, unit: string): string {
  if (unit === 'MB/s' || unit === 'MB' || unit === 'ms') return value.toFixed(value < 10 ? 1 : 0)
  return value.toFixed(2)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]): string => `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n')
}
