import type { FileState } from '../state.ts'
import { offeredDefault } from '../value.ts'
import { mergeOf } from './file-choice.ts'
import type { FileConflict } from './file-merge.ts'
import { nameIn } from './lineage.ts'
import type { Plan, PlanItem } from './plan.ts'
import { unifiedDiff } from './unified-diff.ts'

/** What is behind the line of a plan about a file. Absent parts: the content is secret, no text, or too large to compare. */
export interface FileDetails {
  /** From what is there to what will be there, in unified form. */
  readonly diff?: string
  /** The vendor's new default that awaits a decision. */
  readonly offer?: FileOffer
}

/** The vendor's new default of a file. */
export interface FileOffer {
  /** From what is there to the vendor's. */
  readonly diff?: string
  /** How taking it ends: `whole` where the site changed nothing. */
  readonly merge: 'whole' | 'merged' | 'conflicts' | 'impossible'
  /** The result, with the conflicts marked. */
  readonly merged?: string
  readonly conflicts: readonly FileConflict[]
}

/** The details of a plan's item; undefined where it is about no file. */
export function fileDetails(
  { previous, next }: Pick<Plan, 'previous' | 'next'>,
  item: PlanItem,
  contents: ReadonlyMap<string, Buffer>,
): FileDetails | undefined {
  const { component, kind, name: path } = item
  if (kind !== 'file' || component === null) return undefined
  const after = next?.components[component]?.files[path]
  const old = previous === null || next === null ? component : (nameIn(previous, component, next) ?? component)
  const before = previous?.components[old]?.files[path]
  const names = { before: `now${path}`, after: `then${path}` }
  const diff = item.effect === 'offered' ? undefined : compared(contentOf(before, contents), contentOf(after, contents), names)
  const offer = item.effect === 'offered' && after !== undefined ? offerOf(after, path, contents) : undefined
  return { ...(diff === undefined ? {} : { diff }), ...(offer === undefined ? {} : { offer }) }
}

function contentOf(file: FileState | undefined, contents: ReadonlyMap<string, Buffer>): Buffer | undefined {
  if (file === undefined) return Buffer.alloc(0)
  const { secret, secretId, expression } = file.content
  return secret || secretId !== undefined ? undefined : contents.get(expression)
}

function compared(before: Buffer | undefined, after: Buffer | undefined, names: { readonly before: string; readonly after: string }): string | undefined {
  return before === undefined || after === undefined ? undefined : unifiedDiff(before, after, names)
}

function offerOf(file: FileState, path: string, contents: ReadonlyMap<string, Buffer>): FileOffer | undefined {
  const { content } = file
  const vendor = offeredDefault(content)
  if (vendor === undefined) return undefined
  const diff = content.secret ? undefined : compared(contentOf(file, contents), contents.get(vendor), { before: `now${path}`, after: `vendor${path}` })
  const shown = diff === undefined ? {} : { diff }
  if (content.origin !== 'site') return { ...shown, merge: 'whole', conflicts: [] }
  const merge = mergeOf(content, vendor, contents)
  if (merge.outcome === 'impossible') return { ...shown, merge: 'impossible', conflicts: [] }
  return { ...shown, merge: merge.outcome, merged: merge.content.toString('utf8'), conflicts: merge.outcome === 'conflicts' ? merge.conflicts : [] }
}
