import { diff3MergeRegions } from 'node-diff3'
import { numberedLines, textLines } from './text-lines.ts'

/** Where the site and the vendor changed the same lines. */
export interface FileConflict {
  /** The first line of it in the site's file and in the vendor's new default, counted from 1. */
  readonly line: number
  readonly vendorLine: number
  readonly base: readonly string[]
  readonly site: readonly string[]
  readonly vendor: readonly string[]
}

/** What became of merging a file. */
export type FileMerge =
  | { readonly outcome: 'merged'; readonly content: Buffer }
  /** `content` has the conflicts marked as version control does. */
  | { readonly outcome: 'conflicts'; readonly content: Buffer; readonly conflicts: readonly FileConflict[] }
  | { readonly outcome: 'impossible'; readonly why: string }

/**
 * Merges what the site and the vendor changed in a file since the default that was last decided on.
 * @param base that default; undefined where there is none
 */
export function mergeFile(base: Buffer | undefined, site: Buffer, vendor: Buffer): FileMerge {
  if (base === undefined) return { outcome: 'impossible', why: 'the default that the site last decided on is not known' }
  const texts = [base, site, vendor].map(textLines)
  const [baseLines, siteLines, vendorLines] = texts
  if (baseLines === undefined || siteLines === undefined || vendorLines === undefined) {
    return { outcome: 'impossible', why: 'it is not text, or too large to be compared line by line' }
  }
  const [o, a, b] = numberedLines([baseLines, siteLines, vendorLines]) ?? []
  if (o === undefined || a === undefined || b === undefined) return { outcome: 'impossible', why: 'its lines repeat too much to be compared' }
  const merged: string[] = []
  const conflicts: FileConflict[] = []
  for (const region of diff3MergeRegions(a, o, b)) {
    if (region.stable) {
      const source = { a: siteLines, o: baseLines, b: vendorLines }[region.buffer]
      merged.push(...source.slice(region.bufferStart, region.bufferStart + region.bufferLength))
      continue
    }
    const ours = siteLines.slice(region.aStart, region.aStart + region.aLength)
    const theirs = vendorLines.slice(region.bStart, region.bStart + region.bLength)
    if (ours.length === theirs.length && ours.every((line, index) => line === theirs[index])) {
      merged.push(...ours)
      continue
    }
    const before = baseLines.slice(region.oStart, region.oStart + region.oLength)
    conflicts.push({ line: region.aStart + 1, vendorLine: region.bStart + 1, base: before, site: ours, vendor: theirs })
    merged.push('<<<<<<< site', ...ours, '||||||| base', ...before, '=======', ...theirs, '>>>>>>> vendor')
  }
  const content = Buffer.from(merged.join('\n'), 'utf8')
  return conflicts.length === 0 ? { outcome: 'merged', content } : { outcome: 'conflicts', content, conflicts }
}

/** `line 3`, `lines 3 and 17`: where the conflicts are in the site's file. */
export function conflictLines(conflicts: readonly FileConflict[]): string {
  const lines = conflicts.slice(0, 5).map(({ line }) => String(line))
  const more = conflicts.length > lines.length ? ' and more' : ''
  const last = more === '' && lines.length > 1 ? ` and ${lines.pop() ?? ''}` : more
  return `${conflicts.length === 1 ? 'line' : 'lines'} ${lines.join(', ')}${last}`
}
