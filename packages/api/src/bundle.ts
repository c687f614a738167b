import { type Static, Type } from 'typebox'

/** A release that an increment builds on. */
export const BaseRelease = Type.Object({ application: Type.String(), version: Type.String(), digest: Type.String() })

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
  releases: Type.Array(
    Type.Object({
      application: Type.String(),
      version: Type.String(),
      sequence: Type.Integer(),
      digest: Type.String(),
      platforms: Type.Optional(Type.Array(Type.String(), { description: 'The only platforms whose images it carries.' })),
    }),
  ),
  base: Type.Array(Type.Object({ ...BaseRelease.properties, here: Type.Boolean() }), { description: 'The releases that it builds on.' }),
  requires: Type.Object(
    { blobs: Type.Integer(), bytes: Type.Integer(), missing: Type.Integer() },
    { description: 'What it leaves out, in plain bytes, and how many of those blobs are not here.' },
  ),
})
export type InspectedBundle = Static<typeof InspectedBundle>
