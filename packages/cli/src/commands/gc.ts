import type { Collected } from '@sealift/api/collected.ts'
import { resultOf } from '@sealift/api/job.ts'
import { storageRoutes } from '@sealift/api/routes/storage.ts'
import type { Command } from 'commander'
import { followJob } from '../follow-job.ts'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatBytes } from '../terminal/units.ts'
import { parseSeconds } from '../time-argument.ts'

interface GcOptions {
  readonly dryRun?: true
  readonly minAge?: number
}

/** `sealift gc` */
export function addGc(program: Command): void {
  program
    .command('gc')
    .summary('remove content that nothing needs')
    .description(
      'Removes content that no release, no revision and no image in the registry needs, what work that was given up left behind, and the records of jobs that ended long ago. What is in use, or younger than a day, stays. A server does this once a day by itself.',
    )
    .option('--dry-run', 'only say what would be removed')
    .option('--min-age <time>', 'keep whatever is younger, like 12h; 0s keeps only what is in use (default: 1d)', parseSeconds)
    .addHelpText('after', '\nExample:\n  sealift gc --dry-run')
    .action(async ({ dryRun, minAge }: GcOptions, command: Command) => {
      await inSession(command, async (session) => {
        const body = { dryRun: dryRun === true, ...(minAge === undefined ? {} : { minAge }) }
        const job = await session.client.call(storageRoutes.collect, { body })
        session.answer(resultOf(await followJob(session, job), 'gc'), formatCollected)
      })
    })
}

const KINDS: Readonly<Record<string, string>> = {
  content: 'content that nothing needs',
  temporary: 'left by work that was given up',
  damaged: 'damaged files',
  jobs: 'records of old jobs',
}

function formatCollected({ dryRun, removed, freed, needed, waiting, steady }: Collected): string {
  const rows = removed.map(({ kind, count, bytes }) => [`  ${KINDS[kind] ?? kind}`, String(count), bytes === 0 ? '' : formatBytes(bytes)])
  const head = dryRun ? `Would free ${formatBytes(freed)}.` : `Freed ${formatBytes(freed)}.`
  const kept = `Needed: ${formatBytes(needed.bytes)} in ${needed.count} files.`
  const young = waiting.count === 0 ? [] : [`Kept for now, since it is young or in use: ${formatBytes(waiting.bytes)} in ${waiting.count} files.`]
  const clock =
    steady || waiting.count === 0 ? [] : ['The clock of this machine was set lately, or is not watched for long enough:\nages are not believed yet.']
  return `${[head, ...(rows.length === 0 ? [] : [formatColumns(rows).trimEnd()]), kept, ...young, ...clock].join('\n')}\n`
}
