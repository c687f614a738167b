import type { Plan } from '../plan/plan.ts'
import type { Revision } from '../revision.ts'
import type { FailureRecord } from './failure-record.ts'
import type { Journal, RunRecord, StepEntry } from './journal.ts'

/** A journal that forgets everything with the process. What it holds went through JSON, as it would on a disk. */
export class MemoryJournal implements Journal {
  readonly #runs = new Map<string, string>()
  readonly #revisions = new Map<string, string>()

  async begin(id: string, plan: Plan, revision: Revision): Promise<void> {
    if (this.#runs.has(id)) return
    this.#write({ id, plan, revision, steps: {}, checks: {}, ended: false })
    this.#record(revision)
  }

  async step(id: string, { step, progress, way, check }: StepEntry): Promise<void> {
    const run = this.#get(id)
    const checks = check === undefined ? run.checks : { ...run.checks, [step]: check }
    if (!way) this.#write({ ...run, steps: { ...run.steps, [step]: progress }, checks })
    else if (run.way !== undefined) this.#write({ ...run, way: { ...run.way, steps: { ...run.way.steps, [step]: progress } } })
  }

  async turn(id: string, failed: Revision, reason: FailureRecord, plan: Plan, revision: Revision): Promise<void> {
    this.#write({ ...this.#get(id), revision: failed, way: { reason, plan, revision, steps: {} } })
    this.#record(failed)
    this.#record(revision)
  }

  async end(id: string, revisions: readonly Revision[]): Promise<void> {
    this.#write({ ...this.#get(id), ended: true })
    for (const revision of revisions) this.#record(revision)
  }

  async read(id: string): Promise<RunRecord | undefined> {
    return this.#runs.has(id) ? this.#get(id) : undefined
  }

  async open(): Promise<readonly RunRecord[]> {
    return [...this.#runs.keys()].map((id) => this.#get(id)).filter(({ ended }) => !ended)
  }

  async history(installation: string): Promise<readonly Revision[]> {
    return [...this.#revisions.values()]
      .map((text) => JSON.parse(text) as Revision)
      .filter((revision) => revision.installation === installation)
      .toSorted((a, b) => a.number - b.number)
  }

  #get(id: string): RunRecord {
    const text = this.#runs.get(id)
    if (text === undefined) throw new TypeError(`no run ${id} in the journal`)
    return JSON.parse(text) as RunRecord
  }

  #write(run: RunRecord): void {
    this.#runs.set(run.id, JSON.stringify(run))
  }

  #record(revision: Revision): void {
    this.#revisions.set(`${revision.installation}/${revision.number}`, JSON.stringify(revision))
  }
}
