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
