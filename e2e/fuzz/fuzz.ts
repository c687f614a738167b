import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { READERS } from './readers.ts'
import type { CaseReport, CasesToRun } from './run-cases.ts'

/** What is to be tried. */
export interface FuzzOptions {
  readonly seed: string
  /** Hostile bundles; the other readers get their share of that. */
  readonly count: number
  /** The reader to try alone. */
  readonly only?: string
  /** The one case to try. */
  readonly number?: number
  /** Where files are kept that found something. */
  readonly keep: string
}

/** Something that a reader did wrong. */
interface FuzzFinding {
  readonly reader: string
  readonly number: number
  readonly description: string
  readonly reason: string
  /** The file that does it, where there is one. */
  readonly file?: string
}

/** What came of it. */
export interface FuzzResult {
  readonly findings: readonly FuzzFinding[]
  /** Cases by reader and by what became of them. */
  readonly results: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Resident bytes, at most, of any process. */
  readonly peakMemory: number
}

/** A case that takes longer is taken for one that hangs; the slowest take a second. */
const HANGS_AFTER = 120_000

/** Where Linux keeps files in memory: each case writes one. */
const MEMORY_DISK = '/dev/shm'

/** Tries hostile data on every reader, in processes of their own, so that one that crashes or hangs is a finding too. */
export async function fuzz({ seed, count, only, number, keep }: FuzzOptions): Promise<FuzzResult> {
  const findings: FuzzFinding[] = []
  const results: Record<string, Record<string, number>> = {}
  let peakMemory = 0
  const step = number === undefined ? Math.min(4, availableParallelism()) : 1
  for (const { name, share } of READERS) {
    if (only !== undefined && only !== name) continue
    const end = number === undefined ? Math.ceil((count * share) / 1000) : number + 1
    const scratch = join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), 'sealift-fuzz')
    const work = Array.from({ length: step }, async (_, worker) => {
      await runWorker({ seed, reader: name, first: (number ?? 0) + worker, step, end, scratch, keep }, (report) => {
        if (report.type === 'found') findings.push(report)
        if (report.type !== 'done') return
        peakMemory = Math.max(peakMemory, report.peakMemory)
        const sums = (results[name] ??= {})
        for (const [result, cases] of Object.entries(report.results)) sums[result] = (sums[result] ?? 0) + cases
      })
    })
    await Promise.all(work)
  }
  return { findings, results, peakMemory }
}

/** Runs one process to its end; after a crash or a hang another one goes on behind the case. */
async function runWorker(cases: CasesToRun, report: (report: CaseReport) => void): Promise<void> {
  let first: number | undefined = cases.first
  while (first !== undefined) first = await runOnce({ ...cases, first }, report)
}

/** Returns where to go on, undefined at the end. */
async function runOnce(cases: CasesToRun, report: (report: CaseReport) => void): Promise<number | undefined> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify(cases)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--max-old-space-size=512'],
  })
  let last = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (last = (last + text).slice(-4000)))
  let at = cases.first
  let done = false
  let hung = false
  const kill = (): void => {
    hung = true
    child.kill('SIGKILL')
  }
  let watchdog = setTimeout(kill, HANGS_AFTER)
  child.on('message', (message: CaseReport) => {
    clearTimeout(watchdog)
    watchdog = setTimeout(kill, HANGS_AFTER)
    if (message.type === 'begins') at = message.number
    if (message.type === 'done') done = true
    report(message)
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(watchdog)
  if (done) return undefined
  const reason = hung ? `hangs for more than ${HANGS_AFTER / 1000} s` : `ended the process with ${code ?? signal}: ${last}`
  report({ type: 'found', reader: cases.reader, number: at, description: 'see --case', reason, file: '' })
  return at + cases.step < cases.end ? at + cases.step : undefined
}
