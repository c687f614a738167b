import type { OnProgress } from '@sealift/bundle/progress.ts'
import type { JobContext } from '../jobs/job-work.ts'

const STAGES = {
  pack: 'Packing small content',
  base: 'Checking what it builds on',
  copy: 'Copying content',
  verify: 'Verifying',
  import: 'Verifying and storing',
  unpack: 'Unpacking',
} as const

/** Passes the progress of work on a bundle on to a job. */
export function bundleProgress(context: JobContext): OnProgress {
  return ({ stage, done, total }) => context.progress(STAGES[stage], done, total, 'bytes')
}
