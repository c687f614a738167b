import { type CreatedToken, type RegistryTokenSummary, registryRoutes } from '@sealift/api/routes/registry.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge } from '../terminal/units.ts'

interface CreateOptions {
  readonly pull: readonly string[]
  readonly push: readonly string[]
  readonly delete?: true
  readonly expires?: string
}

/** `sealift token …` */
export function addTokens(program: Command): void {
  const tokens = program
    .command('token')
    .summary('who may push to the registry')
    .description('The tokens that clients log in to the registry with. Pushing and deleting always need one; reading does where that is asked for.')
  tokens
    .command('create')
    .description(
      'Makes a token. It is shown this once, and only its hash is kept. Clients give its name as user and the token as password. A pattern is the name of a repository in which * stands for any characters.',
    )
    .argument('<name>', 'what to call it')
    .option('--pull <pattern>', 'may read repositories like this; may be given again', collect, [])
    .option('--push <pattern>', 'may push to repositories like this, and read them', collect, [])
    .option('--delete', 'may delete where it may push')
    .option('--expires <time>', 'how long it is good, like 12h or 30d (default: for ever)')
    .addHelpText('after', "\nExample:\n  sealift token create ci --push 'team/*' --pull '*' --expires 90d")
    .action(async (name: string, { pull, push, delete: mayDelete, expires }: CreateOptions, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        const body = { name, pull: [...pull], push: [...push], delete: mayDelete === true, ...(expires === undefined ? {} : { expires }) }
        answer(await client.call(registryRoutes.createToken, { body }), formatCreated)
      })
    })
  tokens
    .command('list')
    .description('Lists the tokens and what they may do.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        answer(await client.call(registryRoutes.listTokens, {}), (list) =>
          list.length === 0 ? "No tokens. Make one with: sealift token create NAME --push 'team/*'\n" : formatTokens(list),
        )
      })
    })
  tokens
    .command('revoke')
    .description('Ends a token at once: also logins that were made with it.')
    .argument('<name>', 'its name')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        answer(await client.call(registryRoutes.revokeToken, { params: { name } }), () => `The token ${name} is revoked.\n`)
      })
    })
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

function formatCreated({ name, secret }: CreatedToken): string {
  return `${secret}\n\nThis is the only time that it is shown. To log in with it:\n  docker login ADDRESS --username ${name} --password-stdin\n`
}

function formatTokens(list: readonly RegistryTokenSummary[]): string {
  const rows = list.map(({ name, pull, push, delete: mayDelete, expiresAt }) => [
    name,
    [...pull.map((pattern) => `pull ${pattern}`), ...push.map((pattern) => `push ${pattern}`), ...(mayDelete ? ['delete'] : [])].join(', '),
    expiresAt === undefined
      ? 'for ever'
      : Date.parse(expiresAt) <= Date.now()
        ? `expired ${formatAge(expiresAt)}`
        : `until ${expiresAt.slice(0, 16).replace('T', ' ')}`,
  ])
  return formatColumns([['NAME', 'MAY', 'GOOD'], ...rows])
}
