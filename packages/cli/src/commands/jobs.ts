import type { Job } from '@sealift/api/job.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { followJob } from '../follow-job.ts'
import { inSession } from '../session.ts'
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
    .description('Asks a running job to stop. What is done stays done; an upgrade goes back.')
    .argument('<job>', 'its number', parseNumber)
    .action(async (id: number, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(jobRoutes.cancelJob, { params: { id } }), formatJob))
    })
  jobs
    .command('resume')
    .description('Goes on with a job that was interrupted because the program was killed.')
    .argument('<job>', 'its number', parseNumber)
    .action(async (id: number, _options: unknown, command: Command) => {
      await inSession(command, async (session) => {
        session.answer(await followJob(session, await session.client.call(jobRoutes.resumeJob, { params: { id } })), formatJob)
      })
    })
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
