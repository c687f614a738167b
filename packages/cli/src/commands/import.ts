import { resolve } from 'node:path'
import type { Imported } from '@sealift/api/imported.ts'
import { resultOf } from '@sealift/api/job.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { collect } from '../assignments.ts'
import { followJob } from '../follow-job.ts'
import { inSession, type Session } from '../session.ts'
import { formatBytes } from '../terminal/units.ts'

interface ImportOptions {
  readonly trust: readonly string[]
  readonly allowUnsigned?: true
  readonly allowExpiredRoot?: true
  readonly allowOlder?: true
  readonly rebind: readonly string[]
}

/** `sealift import` */
export function addImport(program: Command): void {
  program
    .command('import')
    .summary('check a bundle and take its releases into the library')
    .description('Checks every byte of bundles and takes their releases into the library. Nothing is visible before all of a bundle is there.')
    .argument('<file...>', 'the bundles')
    .option('--trust <fingerprint>', 'trust the key, or the vendor, with this full fingerprint from now on; may be repeated', collect, [])
    .option('--allow-unsigned', 'take a bundle without a signature; the releases in it must be signed all the same')
    .option('--allow-expired-root', 'rely on a trust root of the vendor that has expired')
    .option('--allow-older', 'take a release that is older than what is here')
    .option('--rebind <app=fingerprint>', 'accept that an application comes under another vendor key from now on; may be repeated', collect, [])
    .addHelpText('after', '\nExample:\n  sealift import /media/usb/bookshop-2.9.0.sealift --trust 3f2a9c01-…-77aa01fe')
    .action(async (files: readonly string[], options: ImportOptions, command: Command) => {
      await inSession(command, async (session) => {
        const results: Imported[] = []
        for (const [number, file] of files.entries()) {
          const job = await session.client.call(releaseRoutes.importBundle, {
            body: {
              path: resolve(file),
              trust: [...options.trust],
              allowExpiredRoot: options.allowExpiredRoot === true,
              allowUnsigned: options.allowUnsigned === true,
              allowOlder: options.allowOlder === true,
              rebind: [...options.rebind],
            },
          })
          try {
            results.push(resultOf(await followJob(session, job), 'import'))
          } catch (thrown) {
            throw withResults(thrown, results, files.slice(number + 1), session)
          }
        }
        session.answer(results.length === 1 ? (results[0] as Imported) : results, formatAll)
      })
    })
}

/** What came in before a file was refused is in the library all the same, and is told. */
function withResults(thrown: unknown, results: readonly Imported[], untried: readonly string[], { json, answer, say }: Session): unknown {
  if (untried.length > 0) say(`Not tried any more: ${untried.join(', ')}`)
  if (results.length === 0 || !isSealiftError(thrown)) return thrown
  if (!json) {
    answer(results, formatAll)
    return thrown
  }
  const { code, message, hint, details, cause } = thrown
  return new SealiftError(code, message, { hint, cause, details: { ...details, imported: results } })
}

const formatAll = (results: Imported | readonly Imported[]): string => [results].flat().map(formatImported).join('')

function formatImported({ releases, stored, present }: Imported): string {
  const lines = releases.flatMap(({ application, version, digest, known, replaced }) => [
    `${application} ${version} is in the library${known ? ' (it was before)' : ''}`,
    ...(replaced === undefined
      ? []
      : [`  the same version with changed content; what changed:`, `  sealift releases diff ${application}@${replaced} ${application}@${digest}`]),
  ])
  const amounts = `  stored     ${formatBytes(stored.bytes)} in ${stored.blobs} blobs${present.blobs > 0 ? `; ${formatBytes(present.bytes)} in ${present.blobs} blobs were here already` : ''}`
  const next = releases.map(({ application, version }) => `Next: sealift install ${application}@${version}, or sealift upgrade NAME --to ${version}`)
  return `${[...lines, amounts, ...next].join('\n')}\n`
}
