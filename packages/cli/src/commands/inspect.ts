import { resolve } from 'node:path'
import type { InspectedBundle } from '@sealift/api/bundle.ts'
import { resultOf } from '@sealift/api/job.ts'
import { dataRoutes } from '@sealift/api/routes/data.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import type { Command } from 'commander'
import { followJob } from '../follow-job.ts'
import { formatReport, readReportFile } from '../report.ts'
import { inSession } from '../session.ts'
import { formatAge, formatBytes } from '../terminal/units.ts'

/** `sealift inspect`, `verify` and `bundle unpack` */
export function addInspect(program: Command): void {
  program
    .command('inspect')
    .summary('look into a bundle without reading its content')
    .description('Says what is in a bundle and who signed it. Reads only the head, so that it takes no longer for a large bundle.')
    .argument('<file>', 'the bundle')
    .action(async (file: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        answer(await client.call(releaseRoutes.inspectBundle, { body: { path: resolve(file) } }), formatBundle)
      })
    })

  program
    .command('verify')
    .summary('read a whole bundle and check every byte')
    .description(
      'Checks every byte of a bundle against its signature, and writes nothing. A fault is named with its place in the file. Also checks a report of acceptance checks, as sealift report writes it.',
    )
    .argument('<file>', 'the bundle or the report')
    .addHelpText('after', '\nExamples:\n  sealift verify /media/usb/bookshop.sealift\n  sealift verify bookshop-report.json')
    .action(async (file: string, _options: unknown, command: Command) => {
      await inSession(command, async (session) => {
        const envelope = await readReportFile(file)
        if (envelope !== undefined) {
          const report = await session.client.call(dataRoutes.verifyReport, { body: { envelope, name: file } })
          return session.answer(report, (shown) => `${formatReport(shown)}The report is as it was signed.\n`)
        }
        const job = await session.client.call(releaseRoutes.verifyBundle, { body: { path: resolve(file) } })
        session.answer(resultOf(await followJob(session, job), 'verify'), (bundle) => `${formatBundle(bundle)}Every byte is as it was signed.\n`)
      })
    })

  const bundle = program.command('bundle').summary('work with bundle files').description('Works with bundle files.')
  bundle
    .command('unpack')
    .summary('turn a bundle into a plain OCI image layout')
    .description('Writes the content of a bundle as an OCI image layout, which skopeo, podman, crane and others read.')
    .argument('<file>', 'the bundle')
    .requiredOption('--oci <dir>', 'the folder to make')
    .action(async (file: string, { oci }: { oci: string }, command: Command) => {
      await inSession(command, async (session) => {
        const job = await session.client.call(releaseRoutes.unpackBundle, { body: { path: resolve(file), oci: resolve(oci) } })
        session.answer(resultOf(await followJob(session, job), 'unpack'), ({ folder, images }) => {
          const lines = images.map((image) => `  skopeo inspect oci:${folder}:${image}\n`)
          return `${images.length} images are in ${folder}\n${lines.join('')}`
        })
      })
    })
}

function formatBundle({ file, size, content, blobs, createdAt, creator, signature, signer, releases, base, requires }: InspectedBundle): string {
  const lines = [
    file,
    ...releases.flatMap(({ application, version, digest, platforms }) => [
      `  release    ${application} ${version}  ${digest}`,
      ...(platforms === undefined ? [] : [`             only for ${platforms.join(', ')}`]),
    ]),
    `  content    ${formatBytes(content)} in ${blobs} blobs; the file has ${formatBytes(size)}`,
    `  made       ${formatAge(createdAt)} by ${creator}`,
    signer === undefined ? '  signature  none' : `  signed by  ${signer}  (${signature})`,
    ...base.map(({ application, version, digest, here }) => `  builds on  ${application} ${version}  ${digest}  (${here ? 'is here' : 'is not here'})`),
    ...(requires.blobs === 0
      ? []
      : [
          `  leaves out ${formatBytes(requires.bytes)} in ${requires.blobs} blobs; ${requires.missing === 0 ? 'all of them are here' : `${requires.missing} of them are not here`}`,
        ]),
  ]
  return `${lines.join('\n')}\n`
}
