import type { Plan, PlanItem } from '@sealift/api/plan.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { formatDiff } from './format-item.ts'

function fileItem({ items, installation }: Plan, selector: string): PlanItem & { readonly file: NonNullable<PlanItem['file']> } {
  const files = items.flatMap((item) => (item.file === undefined ? [] : [{ ...item, file: item.file }]))
  const found = files.find((item) => item.selector === selector)
  if (found !== undefined) return found
  throw new SealiftError('NAME_UNKNOWN', `the plan of ${installation} is about no file ${selector}`, {
    hint: files.length === 0 ? 'It is about no file at all.' : `It is about: ${files.map((item) => item.selector).join(', ')}`,
  })
}

/**
 * How one file of a plan differs, in unified form.
 * @throws SealiftError `NAME_UNKNOWN`
 */
export function formatFileDiff(plan: Plan, selector: string): string {
  const { file, then } = fileItem(plan, selector)
  const diff = file.offer?.diff ?? file.diff
  if (diff === undefined) return `${selector} is not shown line by line: it is secret, no text, or too large (${then ?? 'gone'})\n`
  return diff === '' ? `The content of ${selector} stays the same.\n` : `${formatDiff(diff).join('\n')}\n`
}

/**
 * A file with what the site and the vendor changed, conflicts marked.
 * @throws SealiftError `NAME_UNKNOWN`, `MERGE_CONFLICT` where nothing can be merged
 */
export function mergedText(plan: Plan, selector: string): string {
  const { merge, merged } = fileItem(plan, selector).file.offer ?? {}
  if (merged !== undefined) return merged
  const why =
    merge === undefined ? 'no default of it is on offer' : merge === 'whole' ? 'the site changed nothing in it' : 'it is secret, no text, or too large'
  throw new SealiftError('MERGE_CONFLICT', `${selector}: there is nothing merged: ${why}`)
}
