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
  published: Type.Array(Type.String(), { description: 'Components that were published anew; the others are as in the base.' }),
  base: Type.Optional(Type.Object({ digest: Type.String(), version: Type.Optional(Type.String({ description: 'Where the base is held here.' })) })),
  labelled: Type.Boolean({ description: 'Whether the version points to this release, and not to a later one.' }),
  componentList: Type.Array(
    Type.Object({
      name: Type.String(),
      workload: Type.String(),
      module: Type.Optional(Type.String()),
      image: Type.Optional(Type.String({ description: 'As the template names it.' })),
      size: Type.Integer({ description: 'Plain bytes of its image, shared layers counted in full.' }),
      published: Type.Boolean({ description: 'Published anew with this release.' }),
    }),
  ),
  files: Type.Array(Type.Object({ path: Type.String(), digest: Type.String(), size: Type.Integer() })),
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

/** What `releases remove` did. */
export const RemovedRelease = Type.Object({
  application: Type.String(),
  version: Type.String(),
  digest: Type.String(),
  labelMovedTo: Type.Optional(Type.String({ description: 'Digest of an older release of the same version, which the version points to again.' })),
})
export type RemovedRelease = Static<typeof RemovedRelease>
