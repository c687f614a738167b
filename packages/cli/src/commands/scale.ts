import { type Command, InvalidArgumentError } from 'commander'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { answerChanged } from './install.ts'

/** `sealift scale` */
export function addScale(program: Command): void {
  program
    .command('scale')
    .summary('set how many replicas run')
    .description('Sets how many replicas of a component run, within the bounds of its release. A revision like every change; upgrades keep the number.')
    .argument('<name>', 'the installation')
    .argument('<component>', 'the component')
    .argument('<replicas>', 'how many', parseReplicas)
    .option('--dry-run', 'show the plan and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  sealift scale bookshop catalog 3')
    .action(async (name: string, component: string, replicas: number, options: { dryRun?: true; yes?: true }, command: Command) => {
      await inSession(command, async (session) => {
        const change = { kind: 'configure', name, values: { components: { [component]: { replicas } } } } as const
        const changed = await runChange(session, change, { ask: true, yes: options.yes === true, dryRun: options.dryRun === true })
        if (changed !== undefined) await answerChanged(session, changed, 'scaled')
      })
    })
}

function parseReplicas(text: string): number {
  const replicas = Number(text)
  if (!Number.isInteger(replicas) || replicas < 0 || text.trim() === '') throw new InvalidArgumentError('expected a number of replicas.')
  return replicas
}
