import { resolve } from 'node:path'
import type { Values } from '@sealift/api/change.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { collect, parseAssignments } from '../assignments.ts'
import { formatPlan } from '../plan/format-plan.ts'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { answerChanged, switches } from './install.ts'

interface ConfigureOptions {
  readonly set: readonly string[]
  readonly envVar: readonly string[]
  readonly unsetEnv: readonly string[]
  readonly addEnv: readonly string[]
  readonly group?: string
  readonly values?: string
  readonly unsetFile: readonly string[]
  readonly plan?: string
  readonly file: readonly string[]
  readonly cpu?: string
  readonly memory?: string
  readonly enable: readonly string[]
  readonly disable: readonly string[]
  readonly snapshot?: true
  readonly dryRun?: true
  readonly full?: true
  readonly yes?: true
}

/** `sealift configure` */
export function addConfigure(program: Command): void {
  program
    .command('configure')
    .summary('change settings of an installation')
    .description('Changes what the site decides: parameters, modules, and for a component its environment, files and limits. Upgrades keep what was set here.')
    .argument('<name>', 'the installation')
    .argument('[component]', 'the component that --env-var, --file, --cpu and --memory are for')
    .option('--group <group>', 'set --env-var and --file for all components that use a configuration group, instead of one')
    .option('--values <file>', 'a YAML file with parameters, modules, groups and components')
    .option('--set <name=value>', 'a parameter; may be repeated', collect, [])
    .option('--env-var <name=value>', 'an environment variable; may be repeated', collect, [])
    .option('--unset-env <name>', 'give up the site’s value of a variable for the vendor’s; may be repeated', collect, [])
    .option('--add-env <name=value>', 'a variable that the release does not know; may be repeated', collect, [])
    .option('--file <path=source>', 'replace a file in the component by one from here; may be repeated', collect, [])
    .option('--unset-file <path>', 'give up the site’s file for the vendor’s; may be repeated', collect, [])
    .option('--cpu <cores>', 'like 500m or 2')
    .option('--memory <bytes>', 'like 512Mi')
    .option('--enable <module>', 'switch a module on; may be repeated', collect, [])
    .option('--disable <module>', 'switch a module off; may be repeated', collect, [])
    .option('--snapshot', 'copy all data first')
    .option('--dry-run', 'show the plan and change nothing')
    .option('--full', 'with --dry-run: show long values whole, and the differences of files')
    .option('--plan <digest>', 'run just the plan with this digest, as --dry-run showed it')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  sealift configure bookshop catalog --env-var GREETING="Good morning"
  sealift configure bookshop db --file /etc/mysql/conf.d/site.cnf=./site.cnf
  sealift configure bookshop --group mail --env-var SMTP_HOST=mail.example
  sealift configure bookshop --set domain=books.example --disable reporting`,
    )
    .action(async (name: string, component: string | undefined, options: ConfigureOptions, command: Command) => {
      await inSession(command, async (session) => {
        const changed = await runChange(
          session,
          {
            kind: 'configure',
            name,
            values: { parameters: parseAssignments(options.set, '--set'), modules: switches(options), ...valuesOf(component, options) },
            ...(options.values === undefined ? {} : { valuesFile: resolve(options.values) }),
            ...(options.snapshot === undefined ? {} : { snapshot: 'all' }),
          },
          {
            ask: true,
            yes: options.yes === true,
            dryRun: options.dryRun === true,
            show: (plan) => formatPlan(plan, { all: true, full: options.full === true }),
            ...(options.plan === undefined ? {} : { plan: options.plan }),
          },
        )
        if (changed !== undefined) await answerChanged(session, changed, 'configured')
      })
    })
}

/** What is set for one component or for a group. */
function valuesOf(component: string | undefined, options: ConfigureOptions): Pick<Values, 'components' | 'groups'> {
  const { cpu, memory, group, envVar, unsetEnv, file, unsetFile } = options
  const env: Record<string, string | null> = { ...parseAssignments(envVar, '--env-var'), ...Object.fromEntries(unsetEnv.map((name) => [name, null])) }
  const sources = Object.entries(parseAssignments(file, '--file')).map(([path, source]) => [path, resolve(source)] as const)
  const files: Record<string, string | null> = { ...Object.fromEntries(sources), ...Object.fromEntries(unsetFile.map((path) => [path, null])) }
  const addEnv = parseAssignments(options.addEnv, '--add-env')
  const shared = { ...(isEmpty(env) ? {} : { env }), ...(isEmpty(files) ? {} : { files }) }
  const own = { ...(isEmpty(addEnv) ? {} : { addEnv }), ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) }
  if (group !== undefined) {
    if (component !== undefined || !isEmpty(own)) {
      throw new SealiftError('USAGE', '--group sets variables and files for every component that uses the group', {
        hint: 'Leave the component, --add-env, --cpu and --memory out, or set them in a command of their own.',
      })
    }
    return isEmpty(shared) ? {} : { groups: { [group]: shared } }
  }
  const values = { ...shared, ...own }
  if (isEmpty(values)) return {}
  if (component === undefined)
    throw new SealiftError('USAGE', '--env-var, --add-env, --file, --cpu and --memory need the component that they are for', {
      hint: 'Write it after the installation: sealift configure NAME COMPONENT …, or name a configuration group with --group.',
    })
  return { components: { [component]: values } }
}

function isEmpty(table: object): boolean {
  return Object.keys(table).length === 0
}
