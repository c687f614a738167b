import { resolve } from 'node:path'
import { type RegistryState, registryRoutes } from '@sealift/api/routes/registry.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'
import { wrap } from '../terminal/columns.ts'

/** `sealift registry …` */
export function addRegistry(program: Command): void {
  const registry = program
    .command('registry')
    .summary('the registry: content, access, retention')
    .description('The registry that sealift up runs. It gives out the images of all releases in the library, and takes what clients push.')
  registry
    .command('status')
    .description('Shows where the registry answers, what it allows, and its repositories.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(registryRoutes.getRegistry, {}), formatState))
    })
  registry
    .command('access')
    .description('Says what the registry allows without a login: reading everything, or nothing at all.')
    .requiredOption('--anonymous <right>', 'pull or none')
    .addHelpText('after', '\nExample:\n  sealift registry access --anonymous none')
    .action(async ({ anonymous }: { anonymous: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        if (anonymous !== 'pull' && anonymous !== 'none') throw new SealiftError('USAGE', `--anonymous ${anonymous}: expected pull or none`)
        answer(await client.call(registryRoutes.configureRegistry, { body: { anonymous } }), formatAccess)
      })
    })
  const tls = registry
    .command('tls')
    .summary('speak TLS, with an authority of its own or a certificate of yours')
    .description(
      'Says whether the registry speaks TLS. It takes effect at once, and lasts. Programs on this machine itself may go on without TLS, on the same port; others may not.',
    )
  tls
    .command('on')
    .description(
      "Speaks TLS. The certificate is made by an authority of this data folder's own for every name and address that this machine has, and is renewed by itself; clients must know the authority (sealift ca export). Or it is one that you bring, read anew whenever its file changes.",
    )
    .option('--name <name>', 'a further host name or address; may be given again', collect, [])
    .option('--certificate <file>', 'a certificate of your own, PEM, with its chain')
    .option('--key <file>', 'its private key, PEM')
    .addHelpText(
      'after',
      '\nExamples:\n  sealift registry tls on --name registry.site.example\n  sealift registry tls on --certificate site.crt --key site.key',
    )
    .action(async ({ name, certificate, key }: TlsOptions, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        if ((certificate === undefined) !== (key === undefined)) throw new SealiftError('USAGE', '--certificate and --key go together')
        if (certificate !== undefined && name.length > 0) throw new SealiftError('USAGE', 'a certificate of your own has its names already: leave out --name')
        const mode =
          certificate === undefined || key === undefined
            ? { mode: 'authority' as const, names: [...name] }
            : { mode: 'files' as const, certificate: resolve(certificate), key: resolve(key) }
        answer(await client.call(registryRoutes.configureRegistry, { body: { tls: mode } }), formatTls)
      })
    })
  tls
    .command('off')
    .description('Speaks plain HTTP again. Logins then cross the network readable.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        answer(await client.call(registryRoutes.configureRegistry, { body: { tls: { mode: 'off' } } }), formatTls)
      })
    })
  registry
    .command('retention')
    .description(
      'Says how long pushed images are kept that no tag leads to any more. What has a tag, is part of an index, or signs something that is there stays.',
    )
    .requiredOption('--untagged <time>', 'days, like 30d, or never')
    .addHelpText('after', '\nExample:\n  sealift registry retention --untagged 30d')
    .action(async ({ untagged }: { untagged: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        const retentionDays = untagged === 'never' ? 0 : Number(/^([1-9]\d{0,4})d$/.exec(untagged)?.[1] ?? Number.NaN)
        if (Number.isNaN(retentionDays)) throw new SealiftError('USAGE', `--untagged ${untagged}: expected a number of days like 30d, or never`)
        answer(await client.call(registryRoutes.configureRegistry, { body: { retentionDays } }), formatRetention)
      })
    })
  registry
    .command('remove')
    .description('Removes a repository that was pushed, or one tag of it. The disk space comes back with the next collection.')
    .argument('<repository>', 'its name, or name:tag')
    .addHelpText('after', '\nExamples:\n  sealift registry remove team/app\n  sealift registry remove team/app:1.0')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        const colon = name.indexOf(':')
        const repository = colon < 0 ? name : name.slice(0, colon)
        const query = colon < 0 ? {} : { tag: name.slice(colon + 1) }
        answer(await client.call(registryRoutes.removeFromRegistry, { params: { repository }, query }), ({ tag, manifests }) =>
          tag === undefined ? `Removed ${repository} with ${manifests} manifests.\n` : `Removed the tag ${repository}:${tag}.\n`,
        )
      })
    })
}

interface TlsOptions {
  readonly name: readonly string[]
  readonly certificate?: string
  readonly key?: string
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

function formatTls({ tls }: RegistryState): string {
  if (tls.mode === 'off') return 'It speaks plain HTTP.\n'
  if (tls.problem !== undefined) return `It is to speak TLS and can't: ${tls.problem}\n`
  const whose = tls.mode === 'authority' ? 'by the authority of this data folder, renewed by itself' : 'of your own'
  const columns = Math.min(process.stdout.columns || 80, 100)
  const text = `It speaks TLS with a certificate ${whose}, good until ${(tls.until ?? '').slice(0, 10)}, for ${tls.names.join(', ')}.`
  return `${wrap(text, columns).join('\n')}\n${tls.mode === 'authority' ? 'Clients must know the authority: sealift ca export\n' : ''}`
}

const formatAccess = ({ anonymous }: RegistryState): string =>
  anonymous === 'pull' ? 'Reading needs no login; pushing and deleting need a token.\n' : 'Everything needs a token.\n'

const formatRetention = ({ retentionDays }: RegistryState): string =>
  retentionDays === undefined ? 'Pushed images without a tag are kept for ever.\n' : `Pushed images without a tag are kept for ${retentionDays} days.\n`

function formatState(state: RegistryState): string {
  const { address, repositories, uploads } = state
  const columns = Math.min(process.stdout.columns || 80, 100)
  const listed = (area: 'library' | 'pushed', title: string): string => {
    const own = repositories.filter((repository) => repository.area === area)
    if (own.length === 0) return ''
    const lines = own.flatMap(({ name, tags }) => [
      `  ${name}`,
      ...wrap(tags.length === 0 ? '(no tags)' : tags.join(', '), columns - 6).map((line) => `      ${line}`),
    ])
    return `\n${title}\n${lines.join('\n')}\n`
  }
  return [
    address === '' ? 'The registry does not run: start it with sealift up.\n' : `The registry answers at ${address}.\n`,
    formatTls(state),
    formatAccess(state),
    formatRetention(state),
    uploads === 0 ? '' : `${uploads} uploads are not at their end.\n`,
    listed('library', 'From the library (read only):'),
    listed('pushed', 'Pushed:'),
  ].join('')
}
