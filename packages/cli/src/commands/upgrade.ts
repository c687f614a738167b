import { resolve } from 'node:path'
import type { Change } from '@sealift/api/change.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command, Option } from 'commander'
import { collect, parseAssignments } from '../assignments.ts'
import { formatPlan } from '../plan/format-plan.ts'
import { formatFileDiff, mergedText } from '../plan/plan-file.ts'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { answerChanged } from './install.ts'

interface PlanOptions extends UpgradeOptions {
  readonly full?: true
  readonly show?: string
  readonly merged?: string
}

interface UpgradeOptions {
  readonly to: string
  readonly set: readonly string[]
  readonly take: readonly string[]
  readonly decline: readonly string[]
  readonly resolve: readonly string[]
  readonly map: readonly string[]
  readonly values?: string
  readonly prune?: true
  readonly allowOlder?: true
  readonly snapshot?: boolean
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
  )
    .option('--full', 'show long values whole, and the differences of files')
    .addOption(new Option('--show <item>', 'show only how a file differs, in unified form').conflicts(['full', 'merged']))
    .addOption(
      new Option('--merged <item>', 'print a file with the changes of site and vendor, conflicts marked: to be given back with --resolve').conflicts('full'),
    )
    .addHelpText(
      'after',
      `
Examples:
  sealift plan bookshop --to 3.0.0
  sealift plan bookshop --show web/file//etc/nginx/nginx.conf
  sealift plan bookshop --merged web/file//etc/nginx/nginx.conf > nginx.conf`,
    )
    .action(async (name: string, options: PlanOptions, command: Command) => {
      await inSession(command, async (session) => {
        const { show, merged, full } = options
        await runChange(session, upgradeOf(name, options), {
          ask: false,
          yes: true,
          dryRun: true,
          show: (plan) => {
            if (show !== undefined) return formatFileDiff(plan, show)
            if (merged !== undefined) return mergedText(plan, merged)
            return formatPlan(plan, { all: true, full: full === true })
          },
        })
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
  sealift upgrade bookshop --take catalog/env/GREETING
  sealift upgrade bookshop --map catalogue=catalog`,
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
    .option('--values <file>', 'a YAML file with parameters, modules, groups and components')
    .option(
      '--take <item>',
      'take the vendor’s new default, named as the plan shows it: component/kind/name. A file that the site changed is merged; with =vendor after it, it is taken whole. May be repeated',
      collect,
      [],
    )
    .option('--decline <item>', 'decline the vendor’s new default, so that it is not offered again; may be repeated', collect, [])
    .option('--resolve <item=file>', 'put a file from here, merged by hand, in the place of one that both changed; may be repeated', collect, [])
    .option(
      '--map <old=new>',
      'the component OLD goes on as NEW, with its values, data and secrets; COMPONENT/OLD=COMPONENT/NEW for one volume. May be repeated',
      collect,
      [],
    )
    .option('--prune', 'remove what the release no longer has: components, values, files; volumes stay')
    .option('--allow-older', 'go to a release that is older than the installed one')
    .option('--snapshot', 'copy all data first, not only what could not go back')
    .option('--no-snapshot', 'copy no data first: a failure may then have to wait for you')
}

function upgradeOf(name: string, options: UpgradeOptions): Change {
  const { to, set, take, decline, map, prune, allowOlder, values } = options
  const resolved = Object.entries(parseAssignments(options.resolve, '--resolve')).map(([item, source]) => ({ item, ...fileOf(item), source: resolve(source) }))
  const components: Record<string, { files: Record<string, string> }> = {}
  for (const { component, path, source } of resolved) components[component] = { files: { ...components[component]?.files, [path]: source } }
  return {
    kind: 'upgrade',
    name,
    version: to,
    values: { parameters: parseAssignments(set, '--set'), components },
    ...(values === undefined ? {} : { valuesFile: resolve(values) }),
    take: [...take],
    decline: [...decline, ...resolved.map(({ item }) => item)],
    map: [...map],
    prune: prune === true,
    allowOlder: allowOlder === true,
    ...snapshotPolicy(options),
  }
}

/** Which data is copied first, from `--snapshot` and `--no-snapshot`. */
export function snapshotPolicy({ snapshot }: { readonly snapshot?: boolean }): { readonly snapshot?: 'all' | 'none' } {
  return snapshot === undefined ? {} : { snapshot: snapshot ? 'all' : 'none' }
}

/** The component and the path in `component/file/path`. */
function fileOf(item: string): { readonly component: string; readonly path: string } {
  const [component = '', kind, ...path] = item.split('/')
  if (component !== '' && kind === 'file' && path.length > 0) return { component, path: path.join('/') }
  throw new SealiftError('USAGE', `--resolve ${item}: expected component/file/path=FILE, with the item as the plan shows it`)
}
