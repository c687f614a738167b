import { resolve } from 'node:path'
import type { Exported } from '@sealift/api/exported.ts'
import { resultOf } from '@sealift/api/job.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import type { Command } from 'commander'
import { followJob } from '../follow-job.ts'
import { parseRelease } from '../release-argument.ts'
import { inSession } from '../session.ts'
import { formatBytes } from '../terminal/units.ts'

interface ExportOptions {
  readonly out: string
  readonly overwrite?: true
  readonly unsigned?: true
}

/** `sealift export` */
export function addExport(program: Command): void {
  program
    .command('export')
    .summary('write a release as one bundle file')
    .description('Writes a release with all that it needs as one signed file, to be carried to a site.')
    .argument('<app@version>', 'the release; without @version the latest')
    .requiredOption('--out <file>', 'the file to write, or a folder: the file is then named APP-VERSION.sealift')
    .option('--overwrite', 'replace the file if it exists')
    .option('--unsigned', 'leave out the signature over the bundle; a site refuses it unless told otherwise')
    .addHelpText('after', '\nExample:\n  sealift export bookshop@2.9.0 --out /media/usb/bookshop-2.9.0.sealift')
    .action(async (argument: string, options: ExportOptions, command: Command) => {
      await inSession(command, async (session) => {
        const { application, version } = parseRelease(argument)
        const job = await session.client.call(releaseRoutes.exportBundle, {
          body: { application, version, out: resolve(options.out), overwrite: options.overwrite === true, unsigned: options.unsigned === true },
        })
        session.answer(resultOf(await followJob(session, job), 'export'), formatExported)
      })
    })
}

function formatExported({ application, version, file, size, content, signer }: Exported): string {
  const trust = signer === '' ? 'It is not signed.' : `signed by  ${signer}`
  return `${application} ${version} is in ${file}: ${formatBytes(size)} carry ${formatBytes(content)}
  ${trust}
At the site: sealift import ${file.slice(file.lastIndexOf('/') + 1)}${signer === '' ? ' --allow-unsigned' : ` --trust ${signer}`}
Give the fingerprint to the site by another way than the bundle.
`
}
