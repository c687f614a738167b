import type { Event } from '@sealift/api/event.ts'
import { operationRoutes } from '@sealift/api/routes/operations.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'
import { parseSince } from '../since.ts'
import { wrap } from '../terminal/columns.ts'
import { paint } from '../terminal/style.ts'
import { formatAge } from '../terminal/units.ts'

/** `sealift events` */
export function addEvents(program: Command): void {
  program
    .command('events')
    .summary('what happened to installations')
    .description(
      'Shows what happened to installations: restarts, failed probes, changes made past Sealift and their repair. With --json and --follow one document a line.',
    )
    .argument('[name]', 'only this installation')
    .option('-f, --follow', 'go on with what comes')
    .option('--since <when>', 'only what is younger: 10m, 2h, or a time like 2026-01-31T10:00:00Z')
    .addHelpText('after', '\nExamples:\n  sealift events bookshop --since 1h\n  sealift events --follow')
    .action(async (name: string | undefined, { follow, since }: { follow?: true; since?: string }, command: Command) => {
      await inSession(command, async ({ client, json, answer }) => {
        const query = { ...(name === undefined ? {} : { installation: name }), ...(since === undefined ? {} : { since: parseSince(since) }) }
        if (follow !== true) {
          answer(await client.call(operationRoutes.listEvents, { query }), (events) =>
            events.length === 0 ? 'Nothing has happened.\n' : events.map((event) => formatEvent(event, name)).join(''),
          )
          return
        }
        for await (const event of client.stream(operationRoutes.followEvents, { query })) {
          process.stdout.write(json ? `${JSON.stringify(event)}\n` : formatEvent(event, name))
        }
      })
    })
}

function formatEvent({ installation, component, reason, level, message, count, lastAt }: Event, name: string | undefined): string {
  const columns = Math.min(process.stdout.columns || 80, 100)
  const what = [...(name === undefined ? [installation] : []), ...(component === null ? [] : [component])].join('/')
  const times = count > 1 ? ` (${count} times)` : ''
  const code = paint(process.stdout, level === 'warning' ? 'yellow' : 'green', reason)
  const head = `${formatAge(lastAt).padEnd(11)}  ${code}${' '.repeat(Math.max(1, 15 - reason.length))}${what}`
  return `${head.trimEnd()}\n${wrap(`${message}${times}`, columns - 13)
    .map((line) => `${' '.repeat(13)}${line}\n`)
    .join('')}`
}
