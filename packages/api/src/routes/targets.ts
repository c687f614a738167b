import { type Static, Type } from 'typebox'
import { Input } from '../input.ts'
import { defineRoute } from '../route.ts'

export const Target = Type.Object({
  name: Type.String(),
  driver: Type.String(),
  address: Type.String({ description: 'unix:///var/run/docker.sock or tcp://host:port' }),
  engine: Type.Optional(Type.String({ description: 'What answers there, or why nothing does.' })),
})
export type Target = Static<typeof Target>

export const Environment = Type.Object({ name: Type.String(), target: Type.String(), installations: Type.Integer() })
export type Environment = Static<typeof Environment>

const Name = Input({ name: Type.String() })
const NAME = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$', description: 'Lower-case letters, digits and dashes.' })

/** Targets and environments. */
export const targetRoutes = {
  listTargets: defineRoute({ id: 'listTargets', method: 'GET', path: '/targets', summary: 'The registered engines.', response: Type.Array(Target) }),
  addTarget: defineRoute({
    id: 'addTarget',
    method: 'POST',
    path: '/targets',
    summary: 'Registers an engine.',
    body: Input({ name: NAME, driver: Type.Enum(['docker']), address: Type.String() }),
    response: Target,
  }),
  removeTarget: defineRoute({ id: 'removeTarget', method: 'DELETE', path: '/targets/:name', summary: 'Forgets an engine.', params: Name, response: Target }),
  listEnvironments: defineRoute({
    id: 'listEnvironments',
    method: 'GET',
    path: '/environments',
    summary: 'The environments.',
    response: Type.Array(Environment),
  }),
  addEnvironment: defineRoute({
    id: 'addEnvironment',
    method: 'POST',
    path: '/environments',
    summary: 'Adds an environment on a target.',
    body: Input({ name: NAME, target: Type.String() }),
    response: Environment,
  }),
  removeEnvironment: defineRoute({
    id: 'removeEnvironment',
    method: 'DELETE',
    path: '/environments/:name',
    summary: 'Removes an empty environment.',
    params: Name,
    response: Environment,
  }),
}
