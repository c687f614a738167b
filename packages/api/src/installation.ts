import { type Static, Type } from 'typebox'

export const HEALTH = ['healthy', 'starting', 'degraded', 'failed', 'stopped', 'unknown'] as const
const Health = Type.Enum([...HEALTH])

/** An installation in a list. */
export const InstallationSummary = Type.Object({
  name: Type.String(),
  application: Type.String(),
  environment: Type.String(),
  version: Type.Union([Type.String(), Type.Null()]),
  revision: Type.Union([Type.Integer(), Type.Null()]),
  health: Health,
  message: Type.String({ description: 'Why it is not healthy, or empty.' }),
  upgrade: Type.Union([Type.String(), Type.Null()], { description: 'A newer version in the library.' }),
})
export type InstallationSummary = Static<typeof InstallationSummary>

const Time = Type.String({ description: 'ISO 8601, UTC' })

/** How a component that runs by a schedule is doing. */
export const ScheduleStatus = Type.Object({
  schedule: Type.String({ description: 'Five fields: minute hour day month weekday.' }),
  timezone: Type.String(),
  nextAt: Type.Union([Time, Type.Null()], { description: 'When it runs next, as long as a server runs.' }),
  last: Type.Union([
    Type.Object({
      dueAt: Time,
      startedAt: Type.Union([Time, Type.Null()]),
      endedAt: Type.Union([Time, Type.Null()]),
      outcome: Type.Enum(['running', 'succeeded', 'failed', 'skipped', 'lost']),
      exitCode: Type.Union([Type.Integer(), Type.Null()]),
      message: Type.Union([Type.String(), Type.Null()]),
    }),
    Type.Null(),
  ]),
  missed: Type.Integer({ description: 'Runs that were missed since the last one that succeeded, since no server ran.' }),
  missedSince: Type.Union([Time, Type.Null()]),
})
export type ScheduleStatus = Static<typeof ScheduleStatus>

export const ComponentStatus = Type.Object({
  name: Type.String(),
  module: Type.Union([Type.String(), Type.Null()]),
  workload: Type.String(),
  image: Type.String(),
  health: Health,
  message: Type.String(),
  ready: Type.Integer(),
  replicas: Type.Integer(),
  restarts: Type.Integer(),
  leftOver: Type.Boolean(),
  addresses: Type.Array(Type.String(), { description: 'Where the host publishes it, like http://HOST:8080' }),
  schedule: Type.Optional(ScheduleStatus),
})

/** An installation with its components. */
export const InstallationStatus = Type.Object({
  ...InstallationSummary.properties,
  components: Type.Array(ComponentStatus),
  notices: Type.Array(Type.String(), { description: 'What deviates from the wanted state, and which data was lost since the current revision.' }),
  supervised: Type.Boolean({ description: 'Whether a server runs that watches over it.' }),
})
export type InstallationStatus = Static<typeof InstallationStatus>

/** One recorded state of an installation. */
export const RevisionSummary = Type.Object({
  number: Type.Integer(),
  kind: Type.String(),
  createdAt: Type.String(),
  finishedAt: Type.Optional(Type.String()),
  version: Type.String(),
  from: Type.Union([Type.Integer(), Type.Null()]),
  to: Type.Optional(Type.Integer()),
  outcome: Type.Enum(['pending', 'done', 'failed']),
  reason: Type.Optional(Type.String()),
  current: Type.Boolean(),
})
export type RevisionSummary = Static<typeof RevisionSummary>

export const LogLine = Type.Object({
  component: Type.String(),
  replica: Type.Integer(),
  stream: Type.Enum(['stdout', 'stderr']),
  time: Type.String(),
  text: Type.String(),
})
export type LogLine = Static<typeof LogLine>
