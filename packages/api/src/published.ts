import { type Static, Type } from 'typebox'
import { ImportNote } from './publication.ts'

/** What a finished publication tells. */
export const Published = Type.Object({
  application: Type.String(),
  version: Type.String(),
  digest: Type.String({ description: 'Digest of the release document.' }),
  sequence: Type.Integer(),
  signer: Type.String({ description: 'Full fingerprint of the key that signed the release.' }),
  size: Type.Integer({ description: 'Plain bytes of the release’s content.' }),
  images: Type.Integer(),
  published: Type.Array(Type.String(), { description: 'Components that were published anew.' }),
  base: Type.Optional(Type.String({ description: 'Digest of the release that the other components come from.' })),
  dropped: Type.Array(Type.String(), { description: 'Components of the base that the application no longer has.' }),
  replaced: Type.Optional(Type.String({ description: 'Digest of the release that the version pointed to before; it is held as before.' })),
  notes: Type.Array(ImportNote, { description: 'What was decided where the template was made of something else.' }),
  outTemplate: Type.Optional(Type.String({ description: 'The template file that was written.' })),
  unchanged: Type.Boolean({ description: 'The same content had been published under this version already: nothing was made anew.' }),
})
export type Published = Static<typeof Published>
