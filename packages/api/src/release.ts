import { type Static, Type } from 'typebox'

/** A release in a list. */
export const ReleaseSummary = Type.Object({
  application: Type.String(),
  title: Type.String(),
  version: Type.String(),
  digest: Type.String({ description: 'Digest of the release document: the identity of the release.' }),
  sequence: Type.Integer(),
  createdAt: Type.String(),
  origin: Type.Enum(['published', 'imported']),
  signer: Type.String({ description: 'Full fingerprint of the publisher’s key.' }),
  components: Type.Integer(),
  size: Type.Integer({ description: 'Plain bytes of all its content.' }),
})
export type ReleaseSummary = Static<typeof ReleaseSummary>

/** A release with what is in it. */
export const ReleaseDetail = Type.Object({
  ...ReleaseSummary.properties,
  description: Type.String(),
  template: Type.Unknown({ description: 'The template as published.' }),
  images: Type.Array(
    Type.Object({
      reference: Type.String(),
      platform: Type.String(),
      config: Type.String(),
      manifest: Type.String(),
      size: Type.Integer(),
      provenance: Type.String({ description: 'verified here by KEY, verified at publication, present, not verified, or none (from an engine)' }),
    }),
  ),
})
export type ReleaseDetail = Static<typeof ReleaseDetail>
