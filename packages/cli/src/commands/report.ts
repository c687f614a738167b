import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { dataRoutes } from '@sealift/api/routes/data.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { formatReport } from '../report.ts'
import { inSession } from '../session.ts'

/** `sealift report` */
export function addReport(program: Command): void {
  program
    .command('report')
    .summary('what the checks of an installation said, signed')
    .description(
      'Shows the report of an installation or an upgrade: release, revision, each acceptance check with its outcome, signed with the key of this side. With --out it is written as a file that sealift verify accepts anywhere.',
    )
    .argument('<name>', 'the installation')
    .argument('[revision]', 'a revision (default: the latest with a report)', parseRevision)
    .option('--out <file>', 'write the signed report to this file')
    .addHelpText('after', '\nExamples:\n  sealift report bookshop\n  sealift report bookshop 4 --out bookshop-4-report.json')
    .action(async (name: string, revision: number | undefined, { out }: { out?: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        const report = await client.call(dataRoutes.getReport, { params: { name }, query: revision === undefined ? {} : { revision } })
        if (out === undefined) return answer(report, formatReport)
        const path = resolve(out)
        await writeFile(path, report.envelope, { flag: 'wx' }).catch((thrown: unknown) => {
          throw toSealiftError(thrown, `writing ${path}`)
        })
        answer({ ...report, file: path }, () => `The signed report of ${name}, revision ${report.report.revision}, is in ${path}\n`)
      })
    })
}

function parseRevision(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('expected the number of a revision.')
  return number
}
