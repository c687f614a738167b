import { Type } from 'typebox'
import { Change } from '../change.ts'
import { Input } from '../input.ts'
import { InstallationStatus, InstallationSummary, LogLine, RevisionSummary } from '../installation.ts'
import { Job } from '../job.ts'
import { Comparison, Plan } from '../plan.ts'
import { defineRoute } from '../route.ts'

const Name = Input({ name: Type.String() })

/** Installations: plans, changes, and how they are. */
export const installationRoutes = {
  planChange: defineRoute({
    id: 'planChange',
    method: 'POST',
    path: '/plans',
    summary: 'What a change would do. Changes nothing.',
    body: Input({ change: Change }),
    response: Plan,
  }),
  startChange: defineRoute({
    id: 'startChange',
    method: 'POST',
    path: '/changes',
    summary: 'Runs a change. With the digest of a plan it is refused unless it would do just what that plan showed.',
    body: Input({ change: Change, plan: Type.Optional(Type.String()) }),
    response: Job,
  }),
  listInstallations: defineRoute({
    id: 'listInstallations',
    method: 'GET',
    path: '/installations',
    summary: 'All installations with their health.',
    response: Type.Array(InstallationSummary),
  }),
  listNames: defineRoute({
    id: 'listNames',
    method: 'GET',
    path: '/names',
    summary: 'The names of all installations and of their components, without asking any engine.',
    response: Type.Array(Type.Object({ name: Type.String(), components: Type.Array(Type.String()) })),
  }),
  getInstallation: defineRoute({
    id: 'getInstallation',
    method: 'GET',
    path: '/installations/:name',
    summary: 'One installation with its components.',
    params: Name,
    response: InstallationStatus,
  }),
  listRevisions: defineRoute({
    id: 'listRevisions',
    method: 'GET',
    path: '/installations/:name/revisions',
    summary: 'Its history, newest first.',
    params: Name,
    response: Type.Array(RevisionSummary),
  }),
  diffRevisions: defineRoute({
    id: 'diffRevisions',
    method: 'GET',
    path: '/installations/:name/revisions/:a/diff/:b',
    summary: 'What differs between two revisions.',
    params: Input({ name: Type.String(), a: Type.Integer(), b: Type.Integer() }),
    response: Comparison,
  }),
  readLogs: defineRoute({
    id: 'readLogs',
    method: 'GET',
    path: '/installations/:name/logs',
    summary: 'What its components print.',
    params: Name,
    query: Input({
      component: Type.Optional(Type.String({ description: 'One, or several with commas between them; without it all.' })),
      replica: Type.Optional(Type.Integer({ minimum: 0 })),
      previous: Type.Optional(Type.Boolean({ description: 'What was written before the last restart.' })),
      follow: Type.Optional(Type.Boolean()),
      tail: Type.Optional(Type.Integer({ minimum: 0 })),
      since: Type.Optional(Type.String({ description: 'ISO 8601' })),
    }),
    response: LogLine,
    stream: true,
  }),
}
