import { type Key, keyRoutes, type TrustRoot } from '@sealift/api/routes/keys.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
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
    .description('Makes a new signing key; later releases and bundles are signed with it. Sites that know this vendor learn of it with the next bundle.')
    .option('--name <name>', 'what to call it', 'signing key')
    .action(async ({ name }: { name: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(keyRoutes.generateKey, { body: { name } }), formatKey))
    })
  keys
    .command('rotate')
    .description(
      'Makes a new signing key in the place of all before. What those signed stays good; they sign nothing any more. Sites learn of it with the next bundle.',
    )
    .option('--name <name>', 'what to call it', 'signing key')
    .action(async ({ name }: { name: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(keyRoutes.rotateKey, { body: { name } }), formatKey))
    })
  keys
    .command('roots')
    .summary('the trust root of every vendor')
    .description('Shows the trust root of this side and of every vendor that is known here. The fingerprint of a vendor never changes.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        answer(await client.call(keyRoutes.listRoots, {}), (list) =>
          list.length === 0 ? 'No trust roots yet. The first signing key makes one.\n' : list.map(formatRoot).join(''),
        )
      })
    })
  keys
    .command('renew')
    .summary("give this side's trust root out anew")
    .description(
      "Gives this side's trust root out anew, under a name, or with a day until which sites shall rely on it. Sites learn of it with the next bundle.",
    )
    .option('--name <name>', 'what this side calls itself, shown at sites')
    .option('--expires <date>', 'sites refuse bundles after this day unless they have a newer root, like 2031-12-31; or never')
    .addHelpText('after', '\nExample:\n  sealift keys renew --name "ACME Ltd" --expires 2031-12-31')
    .action(async ({ name, expires }: { name?: string; expires?: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        const body = { ...(name === undefined ? {} : { name }), ...(expires === undefined ? {} : { expires: parseDay(expires) }) }
        answer(await client.call(keyRoutes.renewRoot, { body }), formatRoot)
      })
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
    .description(
      'Trusts a key no longer, for good. What it signed before stays in the library, and nothing of it comes in any more. Of an own key sites learn with the next bundle.',
    )
    .argument('<fingerprint>', 'all 64 digits, with or without dashes')
    .action(async (fingerprint: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => answer(await client.call(keyRoutes.revokeKey, { params: { fingerprint } }), formatKey))
    })
}

const USE = {
  signing: 'signs here',
  trusted: 'trusted',
  retired: 'retired: what it signed is still accepted',
  root: 'signs roots of its vendor only',
  revoked: 'revoked',
} as const

function formatKey({ fingerprint, name, use, own, vendor, createdAt, applications }: Key): string {
  const bound = applications.length > 0 ? `; delivers ${applications.join(', ')}` : ''
  const whose = own && use !== 'signing' ? ', once this side’s own' : ''
  const of = vendor === undefined ? '' : `  of vendor ${vendor}\n`
  return `${fingerprint}\n  ${USE[use]}${whose}${name === '' ? '' : `, ${name}`}, since ${formatAge(createdAt)}${bound}\n${of}`
}

function formatRoot({ vendor, name, own, number, createdAt, expires, keys }: TrustRoot): string {
  const shown = keys
    .toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state))
    .map(({ fingerprint, state }) => `  ${state.padEnd(7)}  ${fingerprint}\n`)
  const until = expires === undefined ? '' : `, good until ${expires.slice(0, 10)}`
  return `${vendor}\n  ${own ? 'this side' : 'vendor'}${name === '' ? '' : `, ${name}`}; root ${number}, made ${formatAge(createdAt)}${until}\n${shown.join('')}`
}

const STATES: readonly string[] = ['active', 'retired', 'revoked']

/** The end of a day as a time, null for `never`. @throws SealiftError `USAGE` */
function parseDay(text: string): string | null {
  if (text === 'never') return null
  const time = new Date(`${text}T23:59:59.000Z`)
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(time.getTime()) || !time.toISOString().startsWith(text)) {
    throw new SealiftError('USAGE', `--expires ${text}: expected a day like 2031-12-31, or never`)
  }
  return time.toISOString()
}
