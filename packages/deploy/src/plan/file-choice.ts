import { digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { defaultOf, type Value, type VendorValue } from '../value.ts'
import { type Decision, valueFromVendor } from '../value-merge.ts'
import { type Decided, decisionOnValue } from './decisions.ts'
import { conflictLines, type FileMerge, mergeFile } from './file-merge.ts'
import { itemSelector, type PlanItem } from './plan.ts'

/** What becomes of a file whose vendor's default is another one than what is there. */
export interface FileChoice {
  readonly decision?: Decision
  /** The merged content, where it was merged. */
  readonly value?: Value
  /** A sentence for people; empty where there is nothing to add. */
  readonly why: string
}

/** How a merge of a file would go. */
export function mergeOf(before: Value, theirs: string, contents: ReadonlyMap<string, Buffer>): FileMerge {
  if (before.secretId !== undefined || before.secret) return { outcome: 'impossible', why: 'it is secret' }
  const [base, site, vendor] = [before.decided, before.expression, theirs].map((digest) => (digest === null ? undefined : contents.get(digest)))
  if (site === undefined || vendor === undefined) return { outcome: 'impossible', why: 'its content is not in the store' }
  return mergeFile(base, site, vendor)
}

/**
 * Decides about a file: taking a new default merges it with what the site changed, unless the site
 * wants the vendor's whole. Merged content is added to `contents`.
 *
 * @throws SealiftError `MERGE_CONFLICT`, `VALUE_LOCKED`
 */
export function fileChoice(
  item: Pick<PlanItem, 'component' | 'kind' | 'name'>,
  before: Value,
  vendor: VendorValue,
  decided: Decided | undefined,
  contents: Map<string, Buffer>,
): FileChoice {
  const decision = decisionOnValue(item, decided, vendor.onUpgrade === 'locked')
  const chosen: FileChoice = { ...(decision === undefined ? {} : { decision }), why: '' }
  const theirs = defaultOf(vendor)
  const isChanged = before.origin === 'site' && before.expression !== theirs && vendor.onUpgrade !== 'locked'
  if (!isChanged || decision === 'decline' || decided?.way === 'vendor') return chosen
  // What was decided on already has nothing to merge: the same command a second time changes nothing.
  if (before.decided === theirs) return { why: '' }
  const merge = mergeOf(before, theirs, contents)
  if (decision === 'take') {
    if (merge.outcome !== 'merged') throw conflict(item, merge)
    const digest = digestOf(merge.content)
    contents.set(digest, merge.content)
    const taken = valueFromVendor(vendor, '')
    if (digest === theirs) return { decision, value: taken, why: "The vendor's new default was taken; it has what the site changed." }
    return {
      decision,
      value: { ...taken, expression: digest, origin: 'site', secret: before.secret || vendor.secret, ...(before.byGroup ? { byGroup: true } : {}) },
      why: "The vendor's new default was merged with what the site changed.",
    }
  }
  return { why: describe(merge) }
}

function describe(merge: FileMerge): string {
  switch (merge.outcome) {
    case 'merged':
      return 'Taking it merges both without a conflict.'
    case 'conflicts':
      return `Both changed the same lines: ${conflictLines(merge.conflicts)} of the site's file.`
    case 'impossible':
      return `It can not be merged: ${merge.why}.`
  }
}

function conflict(item: Pick<PlanItem, 'component' | 'kind' | 'name'>, merge: Exclude<FileMerge, { readonly outcome: 'merged' }>): SealiftError {
  const selector = itemSelector(item)
  const ways = `Take the vendor's whole with --take ${selector}=vendor, keep the site's with --decline ${selector}, or give a merged one with --resolve ${selector}=FILE`
  if (merge.outcome === 'impossible') return new SealiftError('MERGE_CONFLICT', `${selector} can not be merged: ${merge.why}`, { hint: `${ways}.` })
  return new SealiftError(
    'MERGE_CONFLICT',
    `${selector}: the site and the vendor changed the same lines: ${conflictLines(merge.conflicts)} of the site's file`,
    {
      hint: `${ways}. The plan prints the file with the conflicts marked, to begin from: --merged ${selector}`,
      details: { item: selector, conflicts: merge.conflicts },
    },
  )
}
