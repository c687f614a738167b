import type { Change } from '@sealift/api/change.ts'
import type { Command } from 'commander'
import { collect, parseAssignments } from '../assignments.ts'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { answerChanged } from './install.ts'

interface UpgradeOptions {
  readonly to: string
  readonly set: readonly string[]
  readonly take: readonly string[]
  readonly decline: readonly string[]
  readonly prune?: true
  readonly allowOlder?: true
  readonly plan?: string
  readonly yes?: true
}

/** `sealift plan` and `sealift upgrade` */
export function addUpgrade(program: Command): void {
  withChoices(
    program
      .command('plan')
      .summary('show what an upgrade would do')
      .description('Shows what an upgrade would do: old and new value of every attribute, what is kept and why. Changes nothing.')
      .argument('<name>', 'the installation'),
  ).action(async (name: string, options: UpgradeOptions, command: Command) => {
    await inSession(command, async (session) => {
      await runChange(session, upgradeOf(name, options), { ask: false, yes: true, dryRun: true })
    })
  })

  withChoices(
    program
      .command('upgrade')
      .summary('upgrade an installation')
      .description(
        'Upgrades an installation: images follow the release; values, files and storage of the site stay, and what the vendor changed in them is offered. One that fails goes back by itself.',
      )
      .argument('<name>', 'the installation'),
  )
    .option('--plan <digest>', 'run just the plan with this digest, as sealift plan showed it')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  sealift plan bookshop --to 3.0.0
  sealift upgrade bookshop --to 3.0.0
  sealift upgrade bookshop --take catalog/env/GREETING`,
    )
    .action(async (name: string, options: UpgradeOptions, command: Command) => {
      await inSession(command, async (session) => {
        const changed = await runChange(session, upgradeOf(name, options), {
          ask: true,
          yes: options.yes === true,
          ...(options.plan === undefined ? {} : { plan: options.plan }),
        })
        if (changed !== undefined) await answerChanged(session, changed, 'running')
      })
    })
}

function withChoices(command: Command): Command {
  return command
    .option('--to <version>', 'the release to go to', 'latest')
    .option('--set <name=value>', 'a parameter; may be repeated', collect, [])
    .option('--take <item>', 'take the vendor’s new default, named as the plan shows it: component/kind/name; may be repeated', collect, [])
    .option('--decline <item>', 'decline the vendor’s new default, so that it is not offered again; may be repeated', collect, [])
    .option('--prune', 'remove what the release no longer has: components, values, files; volumes stay')
    .option('--allow-older', 'go to a release that is older than the installed one')
}

function upgradeOf(name: string, { to, set, take, decline, prune, allowOlder }: UpgradeOptions): Change {
  return {
    kind: 'upgrade',
    name,
    version: to,
    values: { parameters: parseAssignments(set, '--set') },
    take: [...take],
    decline: [...decline],
    prune: prune === true,
    allowOlder: allowOlder === true,
  }
}
