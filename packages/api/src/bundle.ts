import { type Static, Type } from 'typebox'

/** What the head of a bundle says. */
export const InspectedBundle = Type.Object({
  file: Type.String(),
  bundleId: Type.String(),
  createdAt: Type.String(),
  creator: Type.String(),
  size: Type.Integer({ description: 'Bytes of the file.' }),
  content: Type.Integer({ description: 'Plain bytes of what it carries.' }),
  blobs: Type.Integer(),
  signature: Type.Enum(['none', 'trusted', 'not trusted here']),
  signer: Type.Optional(Type.String({ description: 'Full fingerprint of the key that signed the bundle.' })),
  releases: Type.Array(Type.Object({ application: Type.String(), version: Type.String(), sequence: Type.Integer(), digest: Type.String() })),
  base: Type.Array(Type.String(), { description: 'Digests of releases that the receiver must have.' }),
})
export type InspectedBundle = Static<typeof InspectedBundle>
