import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { inSession } from '../session.ts'

interface LogsOptions {
  readonly follow?: true
  readonly tail?: number
  readonly since?: string
}

const SINCE = /^(\d+)([smhd])$/
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

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

function parseSince(text: string): string {
  const [, amount, unit] = SINCE.exec(text) ?? []
  const time = amount !== undefined && unit !== undefined ? Date.now() - Number(amount) * (SECONDS[unit] ?? 1) * 1000 : Date.parse(text)
  if (Number.isNaN(time)) throw new SealiftError('USAGE', `--since ${text}: expected something like 10m, 2h or 2026-01-31T10:00:00Z`)
  return new Date(time).toISOString()
}
