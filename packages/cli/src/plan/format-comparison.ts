import type { Comparison } from '@sealift/api/plan.ts'
import { paint } from '../terminal/style.ts'
import { formatItems } from './format-item.ts'
import { planColumns } from './format-plan.ts'

/** Two revisions or releases side by side. */
export function formatComparison(
  { application, from, to, counts, items }: Comparison,
  { title, full }: { readonly title: string; readonly full: boolean },
): string {
  if (items.length === 0) return `${title}\n  ${from} and ${to} are the same\n`
  const heading = (component: string | null): string => paint(process.stdout, 'bold', component ?? application)
  const lines = [title, `  from ${from} to ${to}: ${counts}`, ...formatItems(items, heading, { columns: planColumns(), full, choices: false, reasons: false })]
  return `${lines.join('\n')}\n`
}
