import type { Change } from '@sealift/api/change.ts'
import { type Secret, secretRoutes } from '@sealift/api/routes/secrets.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge } from '../terminal/units.ts'
import { answerChanged } from './install.ts'

/** `sealift secret …` */
export function addSecrets(program: Command): void {
  const secret = program
    .command('secret')
    .summary('passwords of an installation')
    .description('The secrets of an installation: what was generated for it, and what its site set.')
  secret
    .command('list')
    .description('Lists the secrets, without their values: where they come from, and which components get them.')
    .argument('<name>', 'the installation')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(secretRoutes.listSecrets, { params: { name } }), formatSecrets))
    })
  secret
    .command('show')
    .description('Shows the value of one secret. That it was shown is kept as an event.')
    .argument('<name>', 'the installation')
    .argument('<secret>', 'its name in the list')
    .option('--reveal', 'yes, show the value here')
    .action(async (name: string, id: string, { reveal }: { reveal?: true }, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        if (reveal !== true) throw new SealiftError('USAGE', 'the value would be shown here', { hint: 'Pass --reveal where nobody else looks on.' })
        answer(await client.call(secretRoutes.showSecret, { params: { name }, body: { secret: id } }), ({ value }) => `${value}\n`)
      })
    })
  secret
    .command('rotate')
    .description('Generates secrets anew, and restarts in order what uses them. Without names all are that no component holds in its data.')
    .argument('<name>', 'the installation')
    .argument('[secret...]', 'their names in the list')
    .option('--held', 'also what a component holds in its data: change it there by hand then')
    .option('--dry-run', 'show the plan and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExamples:\n  sealift secret rotate bookshop\n  sealift secret rotate bookshop cache/CACHE_PASSWORD --dry-run')
    .action(async (name: string, secrets: string[], options: { held?: true; dryRun?: true; yes?: true }, command: Command) => {
      await inSession(command, async (session) => {
        const change: Change = { kind: 'configure', name, values: {}, rotate: { secrets, held: options.held === true } }
        const changed = await runChange(session, change, { ask: true, yes: options.yes === true, dryRun: options.dryRun === true })
        if (changed !== undefined) await answerChanged(session, changed, 'running with new secrets')
      })
    })
}

function formatSecrets(secrets: readonly Secret[]): string {
  if (secrets.length === 0) return 'It has no secrets.\n'
  return formatColumns([
    ['SECRET', 'ORIGIN', 'CREATED', 'USED BY'],
    ...secrets.map(({ name, origin, createdAt, usedBy, heldBy }) => [
      name,
      origin,
      createdAt === null ? 'missing' : formatAge(createdAt),
      usedBy.map((user) => (heldBy.includes(user) ? `${user} (data)` : user)).join(' '),
    ]),
  ])
}
