import { type Static, Type } from 'typebox'
import { Input } from '../input.ts'
import { defineRoute } from '../route.ts'

/** A secret of an installation: all about it but its value. */
export const Secret = Type.Object({
  name: Type.String({ description: 'What it is of: db/DB_PASSWORD, group/db, parameter/LICENCE.' }),
  origin: Type.Enum(['generated', 'site']),
  createdAt: Type.Union([Type.String(), Type.Null()], { description: 'null where it is not in the vault' }),
  usedBy: Type.Array(Type.String(), { description: 'Components that get it.' }),
  heldBy: Type.Array(Type.String(), { description: 'Components whose data is likely to know it.' }),
})
export type Secret = Static<typeof Secret>

/** Secrets of installations. They are rotated by a change of kind `configure`. */
export const secretRoutes = {
  listSecrets: defineRoute({
    id: 'listSecrets',
    method: 'GET',
    path: '/installations/:name/secrets',
    summary: 'The secrets of an installation, without their values.',
    params: Input({ name: Type.String() }),
    response: Type.Array(Secret),
  }),
  showSecret: defineRoute({
    id: 'showSecret',
    method: 'POST',
    path: '/installations/:name/secrets/show',
    summary: 'The value of one secret. That it was shown is an event.',
    params: Input({ name: Type.String() }),
    body: Input({ secret: Type.String() }),
    response: Type.Object({ name: Type.String(), value: Type.String() }),
  }),
}
