import { dataRoutes } from '@sealift/api/routes/data.ts'
import type { Snapshot } from '@sealift/api/snapshot.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { confirm } from '../plan/confirm.ts'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge, formatBytes } from '../terminal/units.ts'
import { answerChanged } from './install.ts'

/** `sealift snapshot …` */
export function addSnapshot(program: Command): void {
  const snapshot = program
    .command('snapshot')
    .summary('copies of an installation’s data')
    .description(
      'Copies of an installation’s volumes at its engine. An upgrade takes one of what could not go back; the latest three stay. sealift rollback --restore-data brings one back.',
    )
  snapshot
    .command('list')
    .description('Lists the copies of an installation’s data, the latest first.')
    .argument('<name>', 'the installation')
    .addHelpText('after', '\nExample:\n  sealift snapshot list bookshop')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(dataRoutes.listSnapshots, { params: { name } }), (list) =>
          list.length === 0 ? `${name} has no snapshots.\n` : formatColumns([['SNAPSHOT', 'OF', 'TAKEN', 'SIZE', 'VOLUMES'], ...list.map(row)]),
        ),
      )
    })
  snapshot
    .command('create')
    .description('Copies all data of an installation now. What writes to it stands still meanwhile, unless its vendor gave it a way to come to rest.')
    .argument('<name>', 'the installation')
    .option('--dry-run', 'show the plan and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  sealift snapshot create bookshop')
    .action(async (name: string, { dryRun, yes }: { dryRun?: true; yes?: true }, command: Command) => {
      await inSession(command, async (session) => {
        const changed = await runChange(
          session,
          { kind: 'configure', name, values: {}, snapshot: 'all' },
          { ask: true, yes: yes === true, dryRun: dryRun === true },
        )
        if (changed !== undefined) await answerChanged(session, changed, 'copied')
      })
    })
  snapshot
    .command('remove')
    .description('Removes a copy of an installation’s data for good.')
    .argument('<name>', 'the installation')
    .argument('<snapshot>', 'its number', parseNumber)
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  sealift snapshot remove bookshop 4')
    .action(async (name: string, number: number, { yes }: { yes?: true }, command: Command) => {
      await inSession(command, async ({ client, answer, json, say }) => {
        if (!(await confirm(`Remove snapshot ${number} of ${name} for good?`, { yes: yes === true || json }))) return say('Nothing was changed.')
        answer(
          await client.call(dataRoutes.removeSnapshot, { params: { name, number } }),
          (removed) => `Snapshot ${number} of ${name} is removed: ${formatBytes(removed.bytes)} are free again.\n`,
        )
      })
    })
}

function row({ number, of, version, takenAt, bytes, volumes }: Snapshot): readonly string[] {
  const names = volumes.map(({ component, volume }) => `${component}/${volume}`)
  return [String(number), `revision ${of} (${version})`, formatAge(takenAt), formatBytes(bytes), [...new Set(names)].join(', ')]
}

function parseNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected the number of a snapshot.')
  return number
}
