import { type Static, Type } from 'typebox'
import { Input } from '../input.ts'
import { defineRoute } from '../route.ts'

export const Key = Type.Object({
  fingerprint: Type.String({ description: 'Full fingerprint as people compare it.' }),
  name: Type.String(),
  use: Type.Enum(['signing', 'trusted', 'revoked']),
  createdAt: Type.String(),
  applications: Type.Array(Type.String(), { description: 'Applications that are bound to this key here.' }),
})
export type Key = Static<typeof Key>

/** Signing keys and trust. */
export const keyRoutes = {
  listKeys: defineRoute({
    id: 'listKeys',
    method: 'GET',
    path: '/keys',
    summary: 'The keys that this side signs with, trusts, or has revoked.',
    response: Type.Array(Key),
  }),
  generateKey: defineRoute({
    id: 'generateKey',
    method: 'POST',
    path: '/keys',
    summary: 'Makes a new signing key; later releases and bundles are signed with it.',
    body: Input({ name: Type.String() }),
    response: Key,
  }),
  trustKey: defineRoute({
    id: 'trustKey',
    method: 'POST',
    path: '/keys/trust',
    summary: 'Trusts a key by its full fingerprint.',
    body: Input({ fingerprint: Type.String(), name: Type.Optional(Type.String()) }),
    response: Key,
  }),
  revokeKey: defineRoute({
    id: 'revokeKey',
    method: 'DELETE',
    path: '/keys/:fingerprint',
    summary: 'Trusts a key no longer; what it signed before stays in the library.',
    params: Input({ fingerprint: Type.String() }),
    response: Key,
  }),
}
