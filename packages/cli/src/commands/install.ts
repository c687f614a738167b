import { resolve } from 'node:path'
import type { Changed } from '@sealift/api/changed.ts'
import type { Command } from 'commander'
import { collect, parseAssignments } from '../assignments.ts'
import { runChange } from '../plan/run-change.ts'
import { parseRelease } from '../release-argument.ts'
import { inSession, type Session } from '../session.ts'
import { describeStatus } from './status.ts'

interface InstallOptions {
  readonly name?: string
  readonly env: string
  readonly set: readonly string[]
  readonly values?: string
  readonly enable: readonly string[]
  readonly disable: readonly string[]
  readonly dryRun?: true
}

/** `sealift install` */
export function addInstall(program: Command): void {
  program
    .command('install')
    .summary('install a release')
    .description(
      'Installs a release from the library: images, networks, volumes, generated secrets, components in the order of what they wait for, and the release’s own checks.',
    )
    .argument('<app@version>', 'the release; without @version the latest')
    .option('--name <name>', 'what to call the installation (default: the application’s name)')
    .option('--env <environment>', 'where to install it', 'default')
    .option('--set <name=value>', 'a parameter; may be repeated', collect, [])
    .option('--values <file>', 'a YAML file with parameters, modules, groups and components')
    .option('--enable <module>', 'switch a module on; may be repeated', collect, [])
    .option('--disable <module>', 'switch a module off; may be repeated', collect, [])
    .option('--dry-run', 'show the plan and change nothing')
    .addHelpText(
      'after',
      `
Examples:
  sealift install bookshop
  sealift install bookshop@2.9.0 --set port=8080 --set domain=books.example
  sealift install bookshop --name bookshop-test --disable reporting --dry-run

A values file:
  parameters: {port: "8080"}
  modules: {reporting: false}
  groups: {mail: {env: {SMTP_HOST: mail.example}}}
  components:
    catalog:
      env: {GREETING: Hello}
      resources: {memory: 512Mi}`,
    )
    .action(async (argument: string, options: InstallOptions, command: Command) => {
      await inSession(command, async (session) => {
        const { application, version } = parseRelease(argument)
        const changed = await runChange(
          session,
          {
            kind: 'install',
            application,
            version,
            name: options.name ?? application,
            environment: options.env,
            values: { parameters: parseAssignments(options.set, '--set'), modules: switches(options) },
            ...(options.values === undefined ? {} : { valuesFile: resolve(options.values) }),
          },
          { ask: false, yes: true, dryRun: options.dryRun === true },
        )
        if (changed !== undefined) await answerChanged(session, changed, 'installed')
      })
    })
}

/** Modules to switch, from `--enable` and `--disable`. */
export function switches({ enable, disable }: { readonly enable: readonly string[]; readonly disable: readonly string[] }): Record<string, boolean> {
  return Object.fromEntries([...enable.map((name) => [name, true] as const), ...disable.map((name) => [name, false] as const)])
}

/** Tells the outcome of a change and where the installation can be reached. */
export async function answerChanged(session: Session, changed: Changed, verb: string): Promise<void> {
  const { installation, application, version, revision, checks, unchanged } = changed
  const status = session.json ? '' : await describeStatus(session, installation)
  session.answer(changed, () => {
    const passed = checks.length > 0 ? `  checks     ${checks.map(({ check }) => `${check} passed`).join(', ')}\n` : ''
    const what = unchanged ? `${installation}: nothing had to change` : `${application} ${version} is ${verb} as ${installation}`
    return `${what} (revision ${revision})\n${passed}${status}`
  })
}
