import { type Static, Type } from 'typebox'

const Amount = Type.Object({ blobs: Type.Integer(), bytes: Type.Integer() })

/** What a finished import tells. */
export const Imported = Type.Object({
  bundleId: Type.String(),
  signer: Type.String({ description: 'Full fingerprint of the key that signed the bundle, empty where it is unsigned.' }),
  releases: Type.Array(
    Type.Object({
      application: Type.String(),
      version: Type.String(),
      digest: Type.String({ description: 'Digest of the release document.' }),
      signer: Type.String({ description: 'Full fingerprint of the publisher’s key.' }),
      replaced: Type.Optional(Type.String({ description: 'The release that its version stood for here before: the same version has other content.' })),
      known: Type.Boolean({ description: 'It was here before: nothing changed.' }),
    }),
  ),
  stored: Amount,
  present: Amount,
})
export type Imported = Static<typeof Imported>
