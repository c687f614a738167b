import { type Static, Type } from 'typebox'

/** What a finished publication tells. */
export const Published = Type.Object({
  application: Type.String(),
  version: Type.String(),
  digest: Type.String({ description: 'Digest of the release document.' }),
  sequence: Type.Integer(),
  signer: Type.String({ description: 'Full fingerprint of the key that signed the release.' }),
  size: Type.Integer({ description: 'Plain bytes of the release’s content.' }),
  images: Type.Integer(),
  unchanged: Type.Boolean({ description: 'The same content had been published under this version already: nothing was made anew.' }),
})
export type Published = Static<typeof Published>
