import { resolve } from 'node:path'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { collect, parseAssignments } from '../assignments.ts'
import { runChange } from '../plan/run-change.ts'
import { inSession } from '../session.ts'
import { answerChanged, switches } from './install.ts'

interface ConfigureOptions {
  readonly set: readonly string[]
  readonly envVar: readonly string[]
  readonly unsetEnv: readonly string[]
  readonly file: readonly string[]
  readonly cpu?: string
  readonly memory?: string
  readonly enable: readonly string[]
  readonly disable: readonly string[]
  readonly dryRun?: true
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
    .option('--set <name=value>', 'a parameter; may be repeated', collect, [])
    .option('--env-var <name=value>', 'an environment variable; may be repeated', collect, [])
    .option('--unset-env <name>', 'give up the site’s value of a variable for the vendor’s; may be repeated', collect, [])
    .option('--file <path=source>', 'replace a file in the component by one from here; may be repeated', collect, [])
    .option('--cpu <cores>', 'like 500m or 2')
    .option('--memory <bytes>', 'like 512Mi')
    .option('--enable <module>', 'switch a module on; may be repeated', collect, [])
    .option('--disable <module>', 'switch a module off; may be repeated', collect, [])
    .option('--dry-run', 'show the plan and change nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  sealift configure bookshop catalog --env-var GREETING="Good morning"
  sealift configure bookshop db --file /etc/mysql/conf.d/site.cnf=./site.cnf
  sealift configure bookshop --set domain=books.example --disable reporting`,
    )
    .action(async (name: string, component: string | undefined, options: ConfigureOptions, command: Command) => {
      await inSession(command, async (session) => {
        const changed = await runChange(
          session,
          {
            kind: 'configure',
            name,
            values: { parameters: parseAssignments(options.set, '--set'), modules: switches(options), components: componentValues(component, options) },
          },
          { ask: true, yes: options.yes === true, dryRun: options.dryRun === true },
        )
        if (changed !== undefined) await answerChanged(session, changed, 'configured')
      })
    })
}

function componentValues(component: string | undefined, options: ConfigureOptions): Record<string, object> {
  const env: Record<string, string | null> = {
    ...parseAssignments(options.envVar, '--env-var'),
    ...Object.fromEntries(options.unsetEnv.map((name) => [name, null])),
  }
  const files = Object.fromEntries(Object.entries(parseAssignments(options.file, '--file')).map(([path, source]) => [path, resolve(source)]))
  const { cpu, memory } = options
  const values = {
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(Object.keys(files).length > 0 ? { files } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  }
  if (Object.keys(values).length === 0) return {}
  if (component === undefined)
    throw new SealiftError('USAGE', '--env-var, --unset-env, --file, --cpu and --memory need the component that they are for', {
      hint: 'Write it after the installation: sealift configure NAME COMPONENT …',
    })
  return { [component]: values }
}
