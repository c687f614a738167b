import { Type } from 'typebox'
import { Event } from '../event.ts'
import { ExecEnd } from '../exec.ts'
import { Input } from '../input.ts'
import { Job } from '../job.ts'
import { defineRoute } from '../route.ts'

const Name = Input({ name: Type.String() })
const Components = Input({ components: Type.Optional(Type.Array(Type.String(), { description: 'Without it all of the installation.' })) })
const EventQuery = {
  installation: Type.Optional(Type.String()),
  since: Type.Optional(Type.String({ description: 'ISO 8601: only what happened then or later.' })),
}

/** What is done to an installation while its revision stays. */
export const operationRoutes = {
  startComponents: defineRoute({
    id: 'startComponents',
    method: 'POST',
    path: '/installations/:name/start',
    summary: 'Starts components and what they wait for, in the order of their dependencies, each when those before it are healthy.',
    params: Name,
    body: Components,
    response: Job,
  }),
  stopComponents: defineRoute({
    id: 'stopComponents',
    method: 'POST',
    path: '/installations/:name/stop',
    summary: 'Stops components gracefully, those first that depend on others. They stay stopped until they are started.',
    params: Name,
    body: Components,
    response: Job,
  }),
  restartComponents: defineRoute({
    id: 'restartComponents',
    method: 'POST',
    path: '/installations/:name/restart',
    summary: 'Restarts components in the order of their dependencies, each when those before it are healthy.',
    params: Name,
    body: Components,
    response: Job,
  }),
  exec: defineRoute({
    id: 'exec',
    method: 'GET',
    path: '/installations/:name/exec',
    summary: 'Runs a command inside a replica, over a channel of frames: see packages/api/src/channel.ts.',
    params: Name,
    response: ExecEnd,
    duplex: true,
  }),
  listEvents: defineRoute({
    id: 'listEvents',
    method: 'GET',
    path: '/events',
    summary: 'What happened to installations, oldest first.',
    query: Input({ ...EventQuery, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })) }),
    response: Type.Array(Event),
  }),
  followEvents: defineRoute({
    id: 'followEvents',
    method: 'GET',
    path: '/events/follow',
    summary: 'What happened to installations, and what happens from now on.',
    query: Input(EventQuery),
    response: Event,
    stream: true,
  }),
}
