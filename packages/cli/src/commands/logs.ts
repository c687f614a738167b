import type { LogLine } from '@sealift/api/installation.ts'
import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { inSession } from '../session.ts'
import { parseSince } from '../since.ts'
import { paint } from '../terminal/style.ts'

interface LogsOptions {
  readonly follow?: true
  readonly tail?: number
  readonly since?: string
  readonly replica?: number
  readonly previous?: true
  readonly timestamps?: true
}

/** `sealift logs` */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .summary('what components print')
    .description('Shows what the components of an installation print, merged by time. With --json one document a line.')
    .argument('<name>', 'the installation')
    .argument('[component...]', 'only these components')
    .option('-f, --follow', 'go on with what comes, also after restarts')
    .option('--tail <n>', 'only the last lines of each replica', parseCount)
    .option('--since <when>', 'only what is younger: 10m, 2h, or a time like 2026-01-31T10:00:00Z')
    .option('--replica <n>', 'only this one of several replicas', parseCount)
    .option('--previous', 'what was printed before the last restart')
    .option('-t, --timestamps', 'with the time of each line')
    .addHelpText(
      'after',
      '\nExamples:\n  sealift logs bookshop --follow --since 10m\n  sealift logs bookshop orders catalog --tail 20\n  sealift logs bookshop orders --previous',
    )
    .action(async (name: string, components: string[], options: LogsOptions, command: Command) => {
      await inSession(command, async ({ client, json }) => {
        const { follow, tail, since, replica, previous, timestamps } = options
        const query = {
          ...(components.length === 0 ? {} : { component: components.join(',') }),
          ...(follow === undefined ? {} : { follow }),
          ...(tail === undefined ? {} : { tail }),
          ...(since === undefined ? {} : { since: parseSince(since) }),
          ...(replica === undefined ? {} : { replica }),
          ...(previous === undefined ? {} : { previous }),
        }
        const print = linePrinter({ named: components.length !== 1, timestamps: timestamps === true })
        for await (const line of client.stream(installationRoutes.readLogs, { params: { name }, query })) {
          const text = json ? `${JSON.stringify(line)}\n` : print(line)
          // A terminal or a pipe that takes no more is waited for.
          if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve).once('close', resolve))
        }
      })
    })
}

function parseCount(text: string): number {
  const lines = Number(text)
  if (!Number.isInteger(lines) || lines < 0 || text.trim() === '') throw new InvalidArgumentError('expected a number.')
  return lines
}

const COLOURS = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red'] as const

/** Prints lines with who printed them, each component in a colour of its own. */
function linePrinter({ named, timestamps }: { readonly named: boolean; readonly timestamps: boolean }): (line: LogLine) => string {
  const colours = new Map<string, (typeof COLOURS)[number]>()
  let width = 0
  return ({ component, replica, time, text }) => {
    const colour = colours.get(component) ?? COLOURS[colours.size % COLOURS.length] ?? 'cyan'
    colours.set(component, colour)
    const who = named || replica > 0 ? `${component}${replica > 0 ? `.${replica}` : ''}` : ''
    width = Math.max(width, who.length)
    const origin = who === '' ? '' : `${paint(process.stdout, colour, `${who.padEnd(width)} |`)} `
    return `${origin}${timestamps ? `${paint(process.stdout, 'dim', time)} ` : ''}${text}\n`
  }
}
