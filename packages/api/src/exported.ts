import { type Static, Type } from 'typebox'

/** What a finished export tells. */
export const Exported = Type.Object({
  application: Type.String(),
  version: Type.String(),
  digest: Type.String({ description: 'Digest of the release document.' }),
  file: Type.String(),
  size: Type.Integer({ description: 'Bytes of the file.' }),
  content: Type.Integer({ description: 'Plain bytes of what it carries.' }),
  bundleId: Type.String(),
  signer: Type.String({ description: 'Full fingerprint of the key that signed the bundle, empty where it is unsigned.' }),
})
export type Exported = Static<typeof Exported>
