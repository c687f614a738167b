import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { inSession } from '../session.ts'
import { parseSince } from '../since.ts'

interface LogsOptions {
  readonly follow?: true
  readonly tail?: number
  readonly since?: string
}

/** `sealift logs` */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .summary('what components print')
    .description('Shows what the components of an installation print, merged by time. With --json one document a line.')
    .argument('<name>', 'the installation')
    .argument('[component]', 'only this component')
    .option('-f, --follow', 'go on with what comes')
    .option('--tail <n>', 'only the last lines of each component', parseLines)
    .option('--since <when>', 'only what is younger: 10m, 2h, or a time like 2026-01-31T10:00:00Z')
    .action(async (name: string, component: string | undefined, { follow, tail, since }: LogsOptions, command: Command) => {
      await inSession(command, async ({ client, json }) => {
        const query = {
          ...(component === undefined ? {} : { component }),
          ...(follow === undefined ? {} : { follow }),
          ...(tail === undefined ? {} : { tail }),
          ...(since === undefined ? {} : { since: parseSince(since) }),
        }
        for await (const line of client.stream(installationRoutes.readLogs, { params: { name }, query })) {
          const origin = component === undefined || line.replica > 0 ? `${line.component}${line.replica > 0 ? `.${line.replica}` : ''} | ` : ''
          process.stdout.write(json ? `${JSON.stringify(line)}\n` : `${origin}${line.text}\n`)
        }
      })
    })
}

function parseLines(text: string): number {
  const lines = Number(text)
  if (!Number.isInteger(lines) || lines < 0) throw new InvalidArgumentError('expected a number of lines.')
  return lines
}
