import { resolve } from 'node:path'
import type { Checked } from '@sealift/api/checked.ts'
import { resultOf } from '@sealift/api/job.ts'
import { storageRoutes } from '@sealift/api/routes/storage.ts'
import type { Command } from 'commander'
import { collect } from '../assignments.ts'
import { followJob } from '../follow-job.ts'
import { inSession } from '../session.ts'
import { formatBytes, formatDuration } from '../terminal/units.ts'

interface CheckOptions {
  readonly from: readonly string[]
  readonly restart?: true
}

/** `sealift store …` */
export function addStore(program: Command): void {
  const store = program.command('store').summary('check the content of the data folder').description('Works with the content of the data folder.')
  store
    .command('check')
    .summary('read all content and compare it with its digests')
    .description(
      'Reads all content and compares it with its digests, tells what is damaged or missing and who needs it, and takes that from bundles. A check that was cut off goes on where it was. Ends with 1 while something is lacking.',
    )
    .option('--from <bundle>', 'take what is lacking from this bundle, whoever signed it; may be repeated', collect, [])
    .option('--restart', 'begin anew where an earlier check was cut off')
    .addHelpText('after', '\nExample:\n  sealift store check --from /media/usb/bookshop-2.9.0.sealift')
    .action(async ({ from, restart }: CheckOptions, command: Command) => {
      await inSession(command, async (session) => {
        const body = { ...(from.length === 0 ? {} : { from: from.map((path) => resolve(path)) }), restart: restart === true }
        const checked = resultOf(await followJob(session, await session.client.call(storageRoutes.checkStore, { body })), 'check')
        session.answer(checked, formatChecked)
        if (checked.lacking.length > 0) process.exitCode = 1
      })
    })
}

const SHOWN = 20

function formatChecked({ checked, continued, seconds, repaired, lacking }: Checked): string {
  const rate = seconds > 0 && checked.bytes > 0 ? `, ${formatBytes(checked.bytes / seconds)}/s` : ''
  const lines = [
    `Read ${formatBytes(checked.bytes)} in ${checked.count} blobs in ${formatDuration(seconds * 1000)}${rate}${continued ? ' (the rest of an earlier check)' : ''}.`,
  ]
  if (repaired.length > 0) lines.push(`Brought back ${repaired.length} blobs.`)
  if (lacking.length === 0) return `${[...lines, 'All that is needed is there and sound.'].join('\n')}\n`
  lines.push(`${lacking.length} blobs are lacking:`)
  for (const { digest, damaged, neededBy } of lacking.slice(0, SHOWN)) {
    lines.push(
      `  ${digest}`,
      `    ${damaged ? 'was damaged' : 'is missing'}; needed by ${neededBy.slice(0, 3).join(', ')}${neededBy.length > 3 ? ` and ${neededBy.length - 3} more` : ''}`,
    )
  }
  if (lacking.length > SHOWN) lines.push(`  and ${lacking.length - SHOWN} more`)
  lines.push('Bring them back from bundles of these releases: sealift store check --from FILE', 'or import such a bundle, or publish the release, once more.')
  return `${lines.join('\n')}\n`
}
