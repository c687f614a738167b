import { diffIndices } from 'node-diff3'
import { numberedLines, textLines } from './text-lines.ts'

/** Unchanged lines around what differs. */
const CONTEXT = 3

/**
 * How two texts differ, in the unified form that `patch` reads. Empty where they are the same.
 * @returns undefined where one of them is no text or too large to be compared
 */
export function unifiedDiff(before: Buffer, after: Buffer, names: { readonly before: string; readonly after: string }): string | undefined {
  if (before.equals(after)) return ''
  const [a, b] = [textLines(before), textLines(after)]
  if (a === undefined || b === undefined) return undefined
  const [left, right] = [withoutEnd(a), withoutEnd(b)]
  const [numbersLeft, numbersRight] = numberedLines([left.marked, right.marked]) ?? []
  if (numbersLeft === undefined || numbersRight === undefined) return undefined
  const chunks = diffIndices(numbersLeft, numbersRight).map(({ buffer1, buffer2 }) => ({ a: buffer1, b: buffer2 }))
  const out = [`--- ${names.before}`, `+++ ${names.after}`]
  for (let first = 0; first < chunks.length; ) {
    let last = first
    while (last + 1 < chunks.length && startOf(chunks[last + 1]) - endOf(chunks[last]) <= 2 * CONTEXT) last += 1
    out.push(...hunk(left, right, chunks.slice(first, last + 1)))
    first = last + 1
  }
  return `${out.join('\n')}\n`
}

interface Chunk {
  readonly a: readonly [number, number]
  readonly b: readonly [number, number]
}

interface Side {
  readonly lines: readonly string[]
  /** As compared: a last line without an end is another one than the same with it. */
  readonly marked: readonly string[]
  readonly open: boolean
}

function startOf(chunk: Chunk | undefined): number {
  return chunk?.a[0] ?? 0
}

function endOf(chunk: Chunk | undefined): number {
  return chunk === undefined ? 0 : chunk.a[0] + chunk.a[1]
}

function withoutEnd(split: readonly string[]): Side {
  const open = split.at(-1) !== ''
  const lines = open ? split : split.slice(0, -1)
  return { lines, marked: lines.map((line, index) => (open && index === lines.length - 1 ? `${line}\0` : line)), open }
}

function hunk(left: Side, right: Side, chunks: readonly Chunk[]): readonly string[] {
  const [first, last] = [chunks[0], chunks.at(-1)]
  if (first === undefined || last === undefined) return []
  const lead = Math.min(CONTEXT, first.a[0])
  const trail = Math.min(CONTEXT, left.lines.length - endOf(last))
  const startLeft = first.a[0] - lead
  const startRight = first.b[0] - lead
  const lengthLeft = endOf(last) + trail - startLeft
  const lengthRight = last.b[0] + last.b[1] + trail - startRight
  const out = [`@@ -${range(startLeft, lengthLeft)} +${range(startRight, lengthRight)} @@`]
  const push = (sign: string, side: Side, from: number, to: number): void => {
    for (let at = from; at < to; at += 1) {
      out.push(`${sign}${side.lines[at] ?? ''}`)
      if (side.open && at === side.lines.length - 1) out.push('\\ No newline at end of file')
    }
  }
  let at = startLeft
  for (const { a, b } of chunks) {
    push(' ', left, at, a[0])
    push('-', left, a[0], a[0] + a[1])
    push('+', right, b[0], b[0] + b[1])
    at = a[0] + a[1]
  }
  push(' ', left, at, at + trail)
  return out
}

function range(start: number, length: number): string {
  return length === 1 ? `${start + 1}` : `${length === 0 ? start : start + 1},${length}`
}
