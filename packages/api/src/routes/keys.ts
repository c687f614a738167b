import { type Static, Type } from 'typebox'
import { Input } from '../input.ts'
import { defineRoute } from '../route.ts'

export const Key = Type.Object({
  fingerprint: Type.String({ description: 'Full fingerprint as people compare it.' }),
  name: Type.String(),
  use: Type.Enum(['signing', 'trusted', 'retired', 'root', 'revoked'], {
    description: 'retired: what it signed is still accepted; root: it signs roots of its vendor and nothing else',
  }),
  own: Type.Boolean({ description: 'Whether it is or was this side’s.' }),
  vendor: Type.Optional(Type.String({ description: 'The fingerprint of the vendor whose trust root names it.' })),
  createdAt: Type.String(),
  applications: Type.Array(Type.String(), { description: 'Applications that are bound to this key here.' }),
})
export type Key = Static<typeof Key>

/** The newest trust root of a vendor. */
export const TrustRoot = Type.Object({
  vendor: Type.String({ description: 'Fingerprint of the first root: it names the vendor and never changes.' }),
  name: Type.String({ description: 'What the vendor calls itself.' }),
  own: Type.Boolean(),
  number: Type.Integer(),
  digest: Type.String(),
  createdAt: Type.String(),
  expires: Type.Optional(Type.String()),
  keys: Type.Array(
    Type.Object({
      fingerprint: Type.String(),
      roles: Type.Array(Type.Enum(['release', 'root'])),
      state: Type.Enum(['active', 'retired', 'revoked']),
    }),
  ),
})
export type TrustRoot = Static<typeof TrustRoot>

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
  rotateKey: defineRoute({
    id: 'rotateKey',
    method: 'POST',
    path: '/keys/rotate',
    summary: 'Makes a new signing key in the place of all before; what those signed stays good.',
    body: Input({ name: Type.String() }),
    response: Key,
  }),
  listRoots: defineRoute({
    id: 'listRoots',
    method: 'GET',
    path: '/roots',
    summary: 'The newest trust root of every vendor that is known here, this side’s own first.',
    response: Type.Array(TrustRoot),
  }),
  renewRoot: defineRoute({
    id: 'renewRoot',
    method: 'POST',
    path: '/roots',
    summary: 'Gives this side’s trust root out anew.',
    body: Input({
      name: Type.Optional(Type.String({ maxLength: 100 })),
      expires: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'ISO 8601 in UTC with milliseconds; null: never' })),
    }),
    response: TrustRoot,
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
