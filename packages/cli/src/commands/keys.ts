import { type Key, keyRoutes } from '@sealift/api/routes/keys.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'
import { formatAge } from '../terminal/units.ts'

/** `sealift keys …` */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('signing keys and trust')
    .description('The keys that this side signs with, and those of vendors that it trusts. A signing key is made when the first one is needed.')
  keys
    .command('list')
    .description('Lists all keys with their full fingerprints.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        answer(await client.call(keyRoutes.listKeys, {}), (list) =>
          list.length === 0
            ? 'No keys yet. The first release that is published makes one.\nOr make one with: sealift keys generate\n'
            : list.map(formatKey).join(''),
        )
      })
    })
  keys
    .command('generate')
    .description('Makes a new signing key; later releases and bundles are signed with it. Sites must trust it before they accept them.')
    .option('--name <name>', 'what to call it', 'signing key')
    .action(async ({ name }: { name: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(keyRoutes.generateKey, { body: { name } }), formatKey))
    })
  keys
    .command('trust')
    .description('Trusts the key with a full fingerprint, which the vendor gave you by another way than the bundle.')
    .argument('<fingerprint>', 'all 64 digits, with or without dashes')
    .option('--name <name>', 'whose key it is')
    .action(async (fingerprint: string, { name }: { name?: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(keyRoutes.trustKey, { body: { fingerprint, ...(name === undefined ? {} : { name }) } }), formatKey),
      )
    })
  keys
    .command('revoke')
    .description('Trusts a key no longer, for good. What it signed before stays in the library.')
    .argument('<fingerprint>', 'all 64 digits, with or without dashes')
    .action(async (fingerprint: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(keyRoutes.revokeKey, { params: { fingerprint } }), formatKey))
    })
}

const USE = { signing: 'signs here', trusted: 'trusted', revoked: 'revoked' } as const

function formatKey({ fingerprint, name, use, createdAt, applications }: Key): string {
  const bound = applications.length > 0 ? `; delivers ${applications.join(', ')}` : ''
  return `${fingerprint}\n  ${USE[use]}${name === '' ? '' : `, ${name}`}, since ${formatAge(createdAt)}${bound}\n`
}
