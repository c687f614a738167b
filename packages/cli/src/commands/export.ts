import { resolve } from 'node:path'
import type { Exported } from '@sealift/api/exported.ts'
import { resultOf } from '@sealift/api/job.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import type { Command } from 'commander'
import { collect } from '../assignments.ts'
import { followJob } from '../follow-job.ts'
import { parseRelease } from '../release-argument.ts'
import { inSession } from '../session.ts'
import { formatBytes } from '../terminal/units.ts'

interface ExportOptions {
  readonly out: string
  readonly since: readonly string[]
  readonly platform: readonly string[]
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
    .option('--since <version>', 'leave out what this release brought already (a version, a digest, or APP@VERSION); may be repeated', collect, [])
    .option('--platform <platform>', 'only the images for this, like linux/amd64 or arm64; may be repeated', collect, [])
    .option('--overwrite', 'replace the file if it exists')
    .option('--unsigned', 'leave out the signature over the bundle; a site refuses it unless told otherwise')
    .addHelpText(
      'after',
      '\nExample:\n  sealift export bookshop@2.9.0 --out /media/usb/bookshop-2.9.0.sealift\n  sealift export bookshop@3.0.0 --since 2.9.0 --out /media/usb',
    )
    .action(async (argument: string, options: ExportOptions, command: Command) => {
      await inSession(command, async (session) => {
        const { application, version } = parseRelease(argument)
        const job = await session.client.call(releaseRoutes.exportBundle, {
          body: {
            application,
            version,
            out: resolve(options.out),
            since: [...options.since],
            platforms: [...options.platform],
            overwrite: options.overwrite === true,
            unsigned: options.unsigned === true,
          },
        })
        session.answer(resultOf(await followJob(session, job), 'export'), formatExported)
      })
    })
}

function formatExported({ application, version, file, size, content, base, omitted, platforms, signer }: Exported): string {
  const signed = signer !== ''
  const lines = [
    `${application} ${version} is in ${file}: ${formatBytes(size)} carry ${formatBytes(content)}`,
    ...(platforms === undefined ? [] : [`  only for   ${platforms.join(', ')}`]),
    ...base.map((release) => `  builds on  ${release.application} ${release.version}  ${release.digest}`),
    ...(base.length === 0
      ? []
      : [`  saved      ${formatBytes(omitted.bytes)} in ${omitted.blobs} blobs that are there; the whole has ${formatBytes(size + omitted.bytes)}`]),
    signed ? `  signed by  ${signer}` : '  It is not signed.',
    `At the site: sealift import ${file.slice(file.lastIndexOf('/') + 1)}${signed ? ` --trust ${signer}` : ' --allow-unsigned'}`,
    'Give the fingerprint to the site by another way than the bundle.',
  ]
  return `${lines.join('\n')}\n`
}
