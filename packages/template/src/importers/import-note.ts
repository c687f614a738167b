/** What became of something that an import met. */
export const NOTE_KINDS = ['changed', 'left-out', 'secret', 'warning'] as const
export type NoteKind = (typeof NOTE_KINDS)[number]

/** One thing that a person should know about an import. Holds no secrets. */
export interface ImportNote {
  readonly kind: NoteKind
  /** The component that it concerns; absent for the whole application. */
  readonly component?: string
  /** What it is about, in the words of the source: `services.web.network_mode`, `container shop_db_1`. */
  readonly subject: string
  /** Where that stands, `compose.yaml:12`; absent where there is no file. */
  readonly where?: string
  readonly message: string
}

/** Something without which the application could not work, and that no release can carry. */
export interface ImportRefusal {
  readonly subject: string
  readonly where?: string
  readonly message: string
  /** What `--leave-out` takes to go on without it. */
  readonly leaveOut: string
}

/** Collects what there is to say about an import. */
export class ImportReport {
  readonly notes: ImportNote[] = []
  readonly refusals: ImportRefusal[] = []
  readonly #leaveOut: ReadonlySet<string>
  readonly #used = new Set<string>()

  /** @param leaveOut what the publisher goes on without: `COMPONENT`, or `COMPONENT/SETTING` */
  constructor(leaveOut: readonly string[] = []) {
    this.#leaveOut = new Set(leaveOut)
  }

  note(note: ImportNote): void {
    const same = this.notes.some((other) => other.kind === note.kind && other.subject === note.subject && other.message === note.message)
    if (!same) this.notes.push(note)
  }

  /** Refuses the import for this, unless the publisher said to leave it out: then it is noted. */
  refuse(refusal: ImportRefusal, component: string): void {
    if (!this.leavesOut(refusal.leaveOut)) {
      this.refusals.push(refusal)
      return
    }
    const { subject, where, message } = refusal
    this.note({ kind: 'left-out', component, subject, ...(where === undefined ? {} : { where }), message: `left out as told: ${message}` })
  }

  /** Whether the publisher said to go on without something. */
  leavesOut(name: string): boolean {
    if (!this.#leaveOut.has(name)) return false
    this.#used.add(name)
    return true
  }

  /** What was said to be left out and was not met: probably a slip of the pen. */
  get unusedLeaveOut(): readonly string[] {
    return [...this.#leaveOut].filter((name) => !this.#used.has(name))
  }
}
