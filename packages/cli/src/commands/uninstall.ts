import type { Command } from 'commander'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'

/** `sealift uninstall` */
export function addUninstall(program: Command): void {
  program
    .command('uninstall')
    .summary('remove an installation')
    .description('Removes the containers and networks of an installation. Its data and secrets stay for a reinstallation, unless their deletion is asked for.')
    .argument('<name>', 'the installation')
    .option('--delete-data', 'delete its volumes and secrets too: they cannot be brought back')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: { deleteData?: true; yes?: true }, command: Command) => {
      await inSession(command, async (session) => {
        const deleteData = options.deleteData === true
        const changed = await runChange(session, { kind: 'uninstall', name, deleteData }, { ask: true, yes: options.yes === true })
        if (changed === undefined) return
        session.answer(
          changed,
          () =>
            `${name} is removed. ${deleteData ? 'Its data is deleted.' : `Its data is kept: installing ${changed.application} again as ${name} finds it.`}\n`,
        )
      })
    })
}
