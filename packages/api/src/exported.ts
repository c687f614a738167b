import { type Static, Type } from 'typebox'
import { BaseRelease } from './bundle.ts'

/** What a finished export tells. */
export const Exported = Type.Object({
  application: Type.String(),
  version: Type.String(),
  digest: Type.String({ description: 'Digest of the release document.' }),
  file: Type.String(),
  size: Type.Integer({ description: 'Bytes of the file.' }),
  content: Type.Integer({ description: 'Plain bytes of what it carries.' }),
  base: Type.Array(BaseRelease, { description: 'The releases that the receiver is taken to have.' }),
  omitted: Type.Object({ blobs: Type.Integer(), bytes: Type.Integer() }, { description: 'What was left out for that, in bytes of the bundle.' }),
  platforms: Type.Optional(Type.Array(Type.String(), { description: 'The only platforms whose images it carries.' })),
  bundleId: Type.String(),
  signer: Type.String({ description: 'Full fingerprint of the key that signed the bundle, empty where it is unsigned.' }),
  vendor: Type.String({ description: 'Fingerprint that names this side for ever: that of its first trust root.' }),
})
export type Exported = Static<typeof Exported>
