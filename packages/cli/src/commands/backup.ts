import { resolve } from 'node:path'
import type { BackedUp } from '@sealift/api/backed-up.ts'
import { resultOf } from '@sealift/api/job.ts'
import { storageRoutes } from '@sealift/api/routes/storage.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { followJob } from '../follow-job.ts'
import { readPassphrase } from '../passphrase.ts'
import { inSession } from '../session.ts'
import { formatBytes } from '../terminal/units.ts'

interface BackupOptions {
  readonly out: string
  readonly folder?: true
  readonly overwrite?: true
  readonly withoutContent?: true
  readonly keep?: number
  readonly passphraseFile?: string
}

/** `sealift backup` */
export function addBackup(program: Command): void {
  program
    .command('backup')
    .summary('copy the whole data folder, while work goes on')
    .description(
      'Copies the whole data folder as it is at one moment: database, content, and the key that opens its secrets, which the passphrase alone opens. A server may run, and changes may be under way. Into a folder of backups only what is new is written.',
    )
    .requiredOption('--out <path>', 'the file to write, or a folder of backups')
    .option('--folder', 'it is a folder of backups, also where it does not exist yet')
    .option('--keep <n>', 'how many backups remain in the folder, the newest', parseCount)
    .option('--without-content', 'leave out image layers and whatever else is large; bundles bring it back')
    .option('--passphrase-file <file>', 'read the passphrase from the first line of this file')
    .option('--overwrite', 'replace the file')
    .addHelpText('after', '\nExample:\n  sealift backup --out /mnt/backup/sealift --folder --keep 7 \\\n    --passphrase-file /root/sealift-passphrase')
    .action(async ({ out, folder, overwrite, withoutContent, keep, passphraseFile }: BackupOptions, command: Command) => {
      await inSession(command, async (session) => {
        const body = {
          out: resolve(out),
          folder: folder === true,
          overwrite: overwrite === true,
          withoutContent: withoutContent === true,
          ...(keep === undefined ? {} : { keep }),
          passphrase: await readPassphrase(passphraseFile, { twice: true }),
        }
        const job = await session.client.call(storageRoutes.backup, { body })
        session.answer(resultOf(await followJob(session, job), 'backup'), formatBackup)
      })
    })
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('expected a number from 1 on.')
  return count
}

function formatBackup({ path, content, blobs, bytes, written, lacking }: BackedUp): string {
  const lines = [
    `The backup is in ${path}`,
    `  content    ${formatBytes(bytes)} in ${blobs} blobs${content === 'small' ? '; layers were left out' : ''}`,
    `  written    ${formatBytes(written)}`,
  ]
  if (lacking > 0) lines.push(`${lacking} blobs that are needed were not there. See: sealift store check`)
  return `${[...lines, 'Without its passphrase nobody can restore it: keep that at another place.'].join('\n')}\n`
}
