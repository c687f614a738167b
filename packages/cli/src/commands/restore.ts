import { resolve } from 'node:path'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Restored, restoreBackup } from '@sealift/server/storage/backup/restore-backup.ts'
import type { Command } from 'commander'
import { collect } from '../assignments.ts'
import { Interrupts } from '../interrupts.ts'
import { readPassphrase } from '../passphrase.ts'
import { dataFolder, type GlobalOptions, reportFailure } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { createProgressView } from '../terminal/progress.ts'

interface RestoreCommandOptions {
  readonly snapshot?: string
  readonly passphraseFile?: string
  readonly target: readonly string[]
}

/** `sealift restore` */
export function addRestore(program: Command): void {
  program
    .command('restore')
    .summary('make a data folder out of a backup')
    .description(
      'Makes the data folder that --data names out of a backup, with its key beside it. The folder must be empty or not exist. Everything is checked before the folder can be used; one that was cut off goes on where it was.',
    )
    .argument('<backup>', 'a file, or a folder of backups, whose newest is taken')
    .option('--snapshot <name>', 'take this backup of the folder')
    .option('--target <name=address>', 'a new address for a target; may be repeated', collect, [])
    .option('--passphrase-file <file>', 'read the passphrase from the first line of this file')
    .addHelpText('after', '\nExample:\n  sealift restore /media/usb/site.backup --data /var/lib/sealift')
    .action(async (from: string, { snapshot, passphraseFile, target }: RestoreCommandOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const view = createProgressView(process.stderr)
      const stopping = new AbortController()
      using interrupts = new Interrupts(() => stopping.abort(new SealiftError('JOB_CANCELLED', 'the restore was stopped; run it again to go on')))
      try {
        const restored = await restoreBackup({
          from: resolve(from),
          data: dataFolder(options),
          targets: new Map(target.map(parseTarget)),
          passphrase: await readPassphrase(passphraseFile, { twice: false }),
          ...(snapshot === undefined ? {} : { snapshot }),
          progress: (stage, done, total) => view.show({ stage, done, total, unit: 'bytes' }),
          signal: stopping.signal,
        })
        view.end()
        process.stdout.write(options.json === true ? `${JSON.stringify(restored)}\n` : formatRestored(restored))
      } catch (thrown) {
        view.end()
        reportFailure(thrown, options.json === true)
        if (interrupts.received !== undefined) process.exitCode = 130
      }
    })
}

function parseTarget(text: string): [string, string] {
  const [, name, address] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === undefined || address === undefined) throw new SealiftError('USAGE', `--target ${text}: expected NAME=ADDRESS`)
  return [name, address]
}

function formatRestored({ data, createdAt, was, content, releases, targets, installations }: Restored): string {
  const rows = targets.map(({ name, address }) => [
    `  ${name}`,
    address,
    installations
      .filter((installation) => installation.target === name)
      .map((installation) => installation.name)
      .join(', '),
  ])
  const lines = [
    `${data} is as ${was} was at ${createdAt}.`,
    `  ${releases} releases${content === 'small' ? '. Layers were not in the backup: bring them back with\n  sealift store check --from BUNDLE' : ''}`,
    '',
    'It works with these targets. Look that no other data folder does so too:',
    formatColumns([['  TARGET', 'ADDRESS', 'INSTALLATIONS'], ...rows]).trimEnd(),
    '',
    'Next: sealift status',
  ]
  return `${lines.join('\n')}\n`
}
