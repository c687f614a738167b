import { hasEnded, type Job } from '@sealift/api/job.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { followJob } from '../follow-job.ts'
import { inSession, type Session } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge } from '../terminal/units.ts'

/** `sealift jobs …` */
export function addJobs(program: Command): void {
  const jobs = program.command('jobs').summary('long work: now, before, resumed').description('Long work: what runs, what ran, and what was interrupted.')
  jobs
    .command('list')
    .description('Lists the latest jobs.')
    .option('--limit <n>', 'how many', parseNumber, 20)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(jobRoutes.listJobs, { query: { limit } }), (list) =>
          list.length === 0
            ? 'No jobs yet.\n'
            : formatColumns([['JOB', 'STATE', 'WHAT', 'WHEN'], ...list.map((job) => [String(job.id), job.state, job.title, formatAge(job.createdAt)])]),
        ),
      )
    })
  jobs
    .command('show')
    .description('Shows one job, and with --follow what it does until it ends.')
    .argument('<job>', 'its number', parseNumber)
    .option('--follow', 'follow it until it ends')
    .action(async (id: number, { follow }: { follow?: true }, command: Command) => {
      await inSession(command, async (session) => {
        const job = await session.client.call(jobRoutes.getJob, { params: { id } })
        session.answer(follow === true ? await followJob(session, job) : job, formatJob)
      })
    })
  jobs
    .command('cancel')
    .description('Asks a running job to stop. What is done stays done; an upgrade goes back, also one that was interrupted.')
    .argument('<job>', 'its number', parseNumber)
    .action(async (id: number, _options: unknown, command: Command) => {
      await inSession(command, async (session) => {
        const { state } = await session.client.call(jobRoutes.getJob, { params: { id } })
        const job = await session.client.call(jobRoutes.cancelJob, { params: { id } })
        session.answer(state === 'interrupted' && !hasEnded(job) ? await followBack(session, job) : job, formatJob)
      })
    })
  jobs
    .command('resume')
    .description('Goes on with a job that was interrupted because the program was killed.')
    .argument('<job>', 'its number', parseNumber)
    .option('--rerun-hook', 'run a hook again that was cut off, although it does not say that it can')
    .option('--skip-hook', 'count a hook that was cut off as done')
    .addHelpText('after', '\nExamples:\n  sealift jobs resume 7\n  sealift jobs resume 7 --rerun-hook')
    .action(async (id: number, options: { rerunHook?: true; skipHook?: true }, command: Command) => {
      await inSession(command, async (session) => {
        const query = hookDecision(options)
        session.answer(await followJob(session, await session.client.call(jobRoutes.resumeJob, { params: { id }, query })), formatJob)
      })
    })
}

function hookDecision({ rerunHook, skipHook }: { readonly rerunHook?: true; readonly skipHook?: true }): { readonly hook?: 'rerun' | 'skip' } {
  if (rerunHook && skipHook) throw new SealiftError('USAGE', '--rerun-hook and --skip-hook: a hook either runs again or is skipped')
  return rerunHook ? { hook: 'rerun' } : skipHook ? { hook: 'skip' } : {}
}

/** Follows a change that goes back since that was asked for: that it did is no failure. */
async function followBack(session: Session, job: Job): Promise<Job> {
  try {
    return await followJob(session, job)
  } catch (thrown) {
    if (!isSealiftError(thrown, 'CHANGE_CANCELLED')) throw thrown
    return session.client.call(jobRoutes.getJob, { params: { id: job.id } })
  }
}

function parseNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected a number from 1 on.')
  return number
}

function formatJob({ id, title, state, createdAt, error }: Job): string {
  const failure = error === undefined ? '' : `  ${error.code}: ${error.message}\n  → ${error.hint}\n`
  return `job ${id}: ${title}, ${state}, started ${formatAge(createdAt)}\n${failure}`
}
