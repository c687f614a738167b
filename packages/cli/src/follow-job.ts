import { fromErrorDocument } from '@sealift/api/error-document.ts'
import { hasEnded, type Job } from '@sealift/api/job.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { exitCodeOf, Interrupts } from './interrupts.ts'
import type { Session } from './session.ts'
import { createProgressView, type ProgressView } from './terminal/progress.ts'

/**
 * Follows a job to its end with progress on standard error, and returns it done. An interrupt from
 * the keyboard cancels the job, and a second one leaves at once.
 * @throws SealiftError the error that the job ended with, `JOB_INTERRUPTED` where the server went away
 */
export async function followJob(session: Session, started: Job): Promise<Job> {
  const view = createProgressView(process.stderr)
  using interrupts = new Interrupts(() => {
    view.log('stopping … (once more to leave at once)')
    // Where the server is gone the job is so too, and following it says so.
    session.client.call(jobRoutes.cancelJob, { params: { id: started.id } }).catch(() => {})
  })
  const { last, gone } = await watch(session, started, view)
  if (last.state === 'done') return last
  if (interrupts.received !== undefined && last.state === 'cancelled') session.endWith(exitCodeOf(interrupts.received))
  if (last.error !== undefined) throw fromErrorDocument(last.error)
  throw new SealiftError('JOB_INTERRUPTED', `the server went away while job ${last.id} (${last.title}) was at work`, { cause: gone })
}

async function watch({ client }: Session, started: Job, view: ProgressView): Promise<{ readonly last: Job; readonly gone?: SealiftError }> {
  let last = started
  try {
    for await (const event of client.stream(jobRoutes.followJob, { params: { id: started.id } })) {
      if (event.type === 'log') view.log(event.message)
      else {
        last = event.job
        if (!hasEnded(last)) view.show(last)
      }
    }
    return { last }
  } catch (thrown) {
    if (!isSealiftError(thrown, 'SERVER_UNREACHABLE')) throw thrown
    return { last, gone: thrown }
  } finally {
    view.end()
  }
}
