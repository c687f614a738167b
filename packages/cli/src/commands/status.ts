import type { InstallationStatus, InstallationSummary, ScheduleStatus } from '@sealift/api/installation.ts'
import { installationRoutes } from '@sealift/api/routes/installations.ts'
import type { Command } from 'commander'
import { inSession, type Session } from '../session.ts'
import { formatColumns, wrap } from '../terminal/columns.ts'
import { paint } from '../terminal/style.ts'

type Health = InstallationSummary['health']

const SIGNS: Readonly<Record<Health, { readonly sign: string; readonly format: Parameters<typeof paint>[1] }>> = {
  healthy: { sign: '●', format: 'green' },
  starting: { sign: '◐', format: 'yellow' },
  degraded: { sign: '◑', format: 'yellow' },
  failed: { sign: '✗', format: 'red' },
  stopped: { sign: '○', format: 'dim' },
  unknown: { sign: '?', format: 'red' },
}

/** `sealift status` */
export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('how installations are')
    .description('Shows how all installations are, or one with its components.')
    .argument('[name]', 'one installation')
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      await inSession(command, async (session) => {
        const { client, answer } = session
        if (name === undefined) answer(await client.call(installationRoutes.listInstallations, {}), formatList)
        else answer(await client.call(installationRoutes.getInstallation, { params: { name } }), formatStatus)
      })
    })
}

/** The status of an installation as text, to end other commands with. */
export async function describeStatus({ client }: Session, name: string): Promise<string> {
  return formatStatus(await client.call(installationRoutes.getInstallation, { params: { name } }))
}

/** Workloads of which replicas stand that can be counted. */
const COUNTED: ReadonlySet<string> = new Set(['stateless', 'stateful', 'daemon'])

/** `2030-01-02 03:00:00`, in the zone that a schedule is meant in. */
function timeIn(timezone: string, time: string): string {
  return new Date(time).toLocaleString('sv-SE', { timeZone: timezone })
}

const OUTCOMES: Readonly<Record<NonNullable<ScheduleStatus['last']>['outcome'], string>> = {
  running: 'is under way',
  succeeded: 'ended with 0',
  failed: 'failed',
  skipped: 'was left out',
  lost: 'was lost',
}

/** When something runs next, and how its last run went. */
function describeSchedule(name: string, { schedule, timezone, nextAt, last, missed, missedSince }: ScheduleStatus): string {
  const next = nextAt === null ? `at "${schedule}" (${timezone})` : `next at ${timeIn(timezone, nextAt)} (${timezone})`
  const why = last?.message == null ? '' : `: ${last.message}`
  const before = last === null ? '' : ` The last run, due at ${timeIn(timezone, last.dueAt)}, ${OUTCOMES[last.outcome]}${why}.`
  const lost = missed === 0 ? '' : ` ${missed} missed since ${timeIn(timezone, missedSince ?? '')}, while no server ran.`
  return `${name} runs ${next}.${before}${lost}`
}

function mark(health: Health): string {
  const { sign, format } = SIGNS[health]
  return paint(process.stdout, format, `${sign} ${health}`)
}

function formatList(list: readonly InstallationSummary[]): string {
  if (list.length === 0) return 'Nothing is installed. See what could be with: sealift releases\n'
  return formatColumns([
    ['INSTALLATION', 'HEALTH', 'APPLICATION', 'VERSION', 'REVISION', 'NEWER'],
    ...list.map(({ name, health, application, version, revision, upgrade }) => [
      name,
      mark(health),
      application,
      version ?? '',
      revision === null ? '' : String(revision),
      upgrade ?? '',
    ]),
  ])
}

function formatStatus(status: InstallationStatus): string {
  const { name, application, version, revision, health, message, components, upgrade, notices, supervised } = status
  const columns = Math.min(process.stdout.columns || 80, 100)
  const rows = components.map((component) => [
    component.name,
    mark(component.health),
    COUNTED.has(component.workload) ? `${component.ready}/${component.replicas}` : component.workload,
    component.restarts > 0 ? `${component.restarts} restart${component.restarts === 1 ? '' : 's'}` : '',
    [...component.addresses, ...(component.leftOver ? ['left over'] : [])].join(' '),
  ])
  const why = health === 'healthy' || message === '' ? '' : `${wrap(message, columns).join('\n')}\n`
  const told = notices
    .map(
      (notice) =>
        `${wrap(`! ${notice}`, columns)
          .map((line) => paint(process.stdout, 'yellow', line))
          .join('\n')}\n`,
    )
    .join('')
  const schedules = components
    .flatMap(({ name, schedule }) => (schedule === undefined ? [] : [`${wrap(describeSchedule(name, schedule), columns).join('\n')}\n`]))
    .join('')
  const newer = upgrade === null ? '' : `${upgrade} is in the library. See: sealift plan ${name} --to ${upgrade}\n`
  const watch = supervised ? '' : 'No server runs here: nobody watches over it until sealift up does.\n'
  return `${paint(process.stdout, 'bold', name)}  ${application} ${version ?? ''}  revision ${revision ?? '-'}  ${mark(health)}\n${formatColumns(rows, '  ')}${why}${schedules}${told}${newer}${watch}`
}
