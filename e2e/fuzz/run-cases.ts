import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_CHANGES } from './bundle-cases.ts'
import { Finding } from './finding.ts'
import { Random } from './random.ts'
import type { FuzzCase, ReaderCases } from './reader.ts'
import { READERS } from './readers.ts'

/** The cases that one process tries, and where. */
export interface CasesToRun {
  readonly seed: string
  readonly reader: string
  /** The numbers from `first` on in steps of `step`, below `end`. */
  readonly first: number
  readonly step: number
  readonly end: number
  /** A folder for what is written while trying, on a fast disk. */
  readonly scratch: string
  /** Where a file is kept that found something. */
  readonly keep: string
}

/** What a process tells while it tries cases. */
export type CaseReport =
  /** Told before each case, so that whoever watches knows which one hangs or crashes. */
  | { readonly type: 'begins'; readonly reader: string; readonly number: number }
  | { readonly type: 'found'; readonly reader: string; readonly number: number; readonly description: string; readonly reason: string; readonly file: string }
  | { readonly type: 'done'; readonly reader: string; readonly results: Readonly<Record<string, number>>; readonly peakMemory: number }

/** Resident bytes that a process may come to, whatever it is given. */
const MAX_MEMORY = 700_000_000

/** Tries cases one after the other. */
export async function runCases({ seed, reader: name, first, step, end, scratch, keep }: CasesToRun, report: (report: CaseReport) => void): Promise<void> {
  const reader = READERS.find((candidate) => candidate.name === name)
  if (reader === undefined) throw new Error(`there is no reader ${name}`)
  await mkdir(scratch, { recursive: true })
  const folder = await mkdtemp(join(scratch, 'fuzz-'))
  const results: Record<string, number> = {}
  let peakMemory = 0
  try {
    const cases = await reader.prepare(seed, folder)
    for (let number = first; number < end; number += step) {
      report({ type: 'begins', reader: name, number })
      const random = (): Random => new Random(`${seed}/${name}/${number}`)
      const made = await cases.make(random(), number, () => true)
      const reason = await reasonOf(made)
      const memory = process.memoryUsage.rss()
      peakMemory = Math.max(peakMemory, memory)
      if (typeof reason === 'object') results[reason.result] = (results[reason.result] ?? 0) + 1
      const found = typeof reason === 'string' ? reason : memory > MAX_MEMORY ? `the process has come to ${memory} bytes of memory` : undefined
      if (found === undefined) continue
      const smaller = typeof reason === 'string' ? await makeSmaller(cases, random, number, made) : made
      await mkdir(keep, { recursive: true })
      const file = join(keep, `${name.replaceAll(' ', '-')}-${seed}-${number}.bin`)
      await writeFile(file, smaller.bytes)
      report({ type: 'found', reader: name, number, description: made.description, reason: found, file })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  report({ type: 'done', reader: name, results, peakMemory })
}

/** What a case became, or what is wrong with that. */
async function reasonOf(made: FuzzCase): Promise<{ readonly result: string } | string> {
  try {
    return { result: await made.judge() }
  } catch (thrown) {
    return thrown instanceof Finding ? thrown.message : `threw ${thrown instanceof Error ? thrown.stack : String(thrown)}`
  }
}

/** The same case with as few of its changes as find something still. */
async function makeSmaller(cases: ReaderCases, random: () => Random, number: number, made: FuzzCase): Promise<FuzzCase> {
  for (let change = 0; change < MAX_CHANGES; change++) {
    const alone = await cases.make(random(), number, (candidate) => candidate === change).catch(() => undefined)
    if (alone !== undefined && typeof (await reasonOf(alone)) === 'string') return alone
  }
  return made
}
