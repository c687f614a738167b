import type { RevisionSummary } from '@sealift/api/installation.ts'
import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { formatComparison } from '../plan/format-comparison.ts'
import { formatPlan } from '../plan/format-plan.ts'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge } from '../terminal/units.ts'
import { answerChanged } from './install.ts'
import { snapshotPolicy } from './upgrade.ts'

interface RollbackOptions {
  readonly to?: number
  readonly restoreData?: true | number
  readonly snapshot?: boolean
  readonly dryRun?: true
  readonly full?: true
  readonly plan?: string
  readonly yes?: true
}

/** `sealift history`, `diff` and `rollback` */
export function addHistory(program: Command): void {
  program
    .command('history')
    .summary('the revisions of an installation')
    .description('Lists what was done to an installation, newest first.')
    .argument('<name>', 'the installation')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(installationRoutes.listRevisions, { params: { name } }), formatHistory))
    })

  program
    .command('diff')
    .summary('what differs between two revisions')
    .description(
      'Shows every attribute in which two revisions differ, whatever became of them: values, whose they are, files, modules that are off. The target is not asked.',
    )
    .argument('<name>', 'the installation')
    .argument('<from>', 'a revision', parseRevision)
    .argument('<to>', 'another one', parseRevision)
    .option('--full', 'show long values whole, and the differences of files')
    .addHelpText('after', '\nExample:\n  sealift diff bookshop 1 3 --full')
    .action(async (name: string, a: number, b: number, options: { full?: true }, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(installationRoutes.diffRevisions, { params: { name, a, b } }), (comparison) =>
          formatComparison(comparison, { title: name, full: options.full === true }),
        ),
      )
    })

  program
    .command('rollback')
    .summary('go back to an earlier revision')
    .description(
      'Goes back to an earlier revision: its images, settings and values. Components that came since stay and are shown as left over. Data stays as it is, unless --restore-data brings it back from a snapshot.',
    )
    .argument('<name>', 'the installation')
    .option('--to <revision>', 'which one (default: the one before)', parseRevision)
    .option('--restore-data [snapshot]', 'bring data back as it was then: from the latest snapshot of that release, or the one of this number', parseRevision)
    .option('--snapshot', 'copy all data first, not only what could not go back')
    .option('--no-snapshot', 'copy no data first')
    .option('--dry-run', 'show the plan and change nothing')
    .option('--full', 'with --dry-run: show long values whole, and the differences of files')
    .option('--plan <digest>', 'run just the plan with this digest, as --dry-run showed it')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  sealift rollback bookshop
  sealift rollback bookshop --to 3 --restore-data --dry-run
  sealift rollback bookshop --to 3 --restore-data 5`,
    )
    .action(async (name: string, options: RollbackOptions, command: Command) => {
      await inSession(command, async (session) => {
        const changed = await runChange(
          session,
          {
            kind: 'rollback',
            name,
            ...(options.to === undefined ? {} : { to: options.to }),
            ...(options.restoreData === undefined ? {} : { restoreData: options.restoreData }),
            ...snapshotPolicy(options),
          },
          {
            ask: true,
            yes: options.yes === true,
            dryRun: options.dryRun === true,
            show: (plan) => formatPlan(plan, { all: true, full: options.full === true }),
            ...(options.plan === undefined ? {} : { plan: options.plan }),
          },
        )
        if (changed !== undefined) await answerChanged(session, changed, 'running again')
      })
    })
}

function parseRevision(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected the number of a revision.')
  return number
}

function formatHistory(revisions: readonly RevisionSummary[]): string {
  return formatColumns([
    ['REVISION', 'WHAT', 'VERSION', 'OUTCOME', 'WHEN', ''],
    ...revisions.map(({ number, kind, version, outcome, createdAt, to, reason, current }) => [
      String(number),
      to === undefined ? kind : `${kind} to ${to}`,
      version,
      outcome,
      formatAge(createdAt),
      [current ? '← current' : '', brief(reason ?? '')].filter((part) => part !== '').join('  '),
    ]),
  ])
}

/** What an outcome's reason begins with; the error that the change ended with has it whole. */
function brief(reason: string): string {
  const text = reason.replaceAll(/\s+/g, ' ')
  return text.length > 90 ? `${text.slice(0, 89)}…` : text
}
