import { fromErrorDocument } from '@sealift/api/error-document.ts'
import { hasEnded, type Job } from '@sealift/api/job.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Session } from './session.ts'
import { createProgressView } from './terminal/progress.ts'

/**
 * Follows a job to its end with progress on standard error, and returns it done. An interrupt from
 * the keyboard cancels the job, and a second one leaves at once.
 * @throws SealiftError the error that the job ended with
 */
export async function followJob(session: Session, started: Job): Promise<Job> {
  const view = createProgressView(process.stderr)
  let last = started
  let interrupts = 0
  const interrupt = (): void => {
    interrupts++
    if (interrupts > 1) process.exit(130)
    view.log('stopping … (once more to leave at once)')
    session.client.call(jobRoutes.cancelJob, { params: { id: started.id } }).catch(() => {})
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    for await (const event of session.client.stream(jobRoutes.followJob, { params: { id: started.id } })) {
      if (event.type === 'log') view.log(event.message)
      else {
        last = event.job
        if (!hasEnded(last)) view.show(last)
      }
    }
  } finally {
    view.end()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
  if (last.error !== undefined) throw fromErrorDocument(last.error)
  if (last.state !== 'done') throw new SealiftError('JOB_INTERRUPTED', `the server went away while job ${last.id} (${last.title}) was at work`)
  return last
}
