import type { Static } from 'typebox'
import { BackedUp } from './backed-up.ts'
import { InspectedBundle } from './bundle.ts'
import { Changed } from './changed.ts'
import { Checked } from './checked.ts'
import { Collected } from './collected.ts'
import { Exported } from './exported.ts'
import { Imported } from './imported.ts'
import { Operated } from './operated.ts'
import { Published } from './published.ts'
import { Unpacked } from './unpacked.ts'

/** What a finished job tells, by its kind. */
export const JOB_RESULTS = {
  publish: Published,
  export: Exported,
  import: Imported,
  verify: InspectedBundle,
  unpack: Unpacked,
  install: Changed,
  configure: Changed,
  upgrade: Changed,
  rollback: Changed,
  uninstall: Changed,
  start: Operated,
  stop: Operated,
  restart: Operated,
  gc: Collected,
  backup: BackedUp,
  check: Checked,
} as const

/** What a job does. */
export type JobKind = keyof typeof JOB_RESULTS

/** What a finished job of a kind tells. */
export type JobResult<Kind extends JobKind> = Static<(typeof JOB_RESULTS)[Kind]>
