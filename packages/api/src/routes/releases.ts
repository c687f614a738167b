import { Type } from 'typebox'
import { InspectedBundle } from '../bundle.ts'
import { AbsolutePath, Input } from '../input.ts'
import { Job } from '../job.ts'
import { Comparison } from '../plan.ts'
import { PublicationPreview, PublishRequest } from '../publication.ts'
import { ReleaseDetail, ReleaseSummary, RemovedRelease } from '../release.ts'
import { defineRoute } from '../route.ts'

const Path = AbsolutePath('Absolute path of the bundle on the server’s machine.')

/** Releases: the component library, publishing, and bundles out and in. */
export const releaseRoutes = {
  listReleases: defineRoute({
    id: 'listReleases',
    method: 'GET',
    path: '/releases',
    summary: 'The releases in the library, newest first.',
    query: Input({ application: Type.Optional(Type.String()) }),
    response: Type.Array(ReleaseSummary),
  }),
  getRelease: defineRoute({
    id: 'getRelease',
    method: 'GET',
    path: '/releases/:application/:version',
    summary: 'One release; `latest` is the one with the highest sequence.',
    params: Input({ application: Type.String(), version: Type.String() }),
    response: ReleaseDetail,
  }),
  compareReleases: defineRoute({
    id: 'compareReleases',
    method: 'GET',
    path: '/release-comparison',
    summary: 'Every attribute in which two releases differ, wherever they came from.',
    query: Input({
      fromApplication: Type.String(),
      from: Type.String({ description: 'A version, latest or a digest.' }),
      toApplication: Type.String(),
      to: Type.String(),
    }),
    response: Comparison,
  }),
  removeRelease: defineRoute({
    id: 'removeRelease',
    method: 'DELETE',
    path: '/releases/:application/:version',
    summary: 'Takes a release out of the library that no installation and no other release needs.',
    params: Input({ application: Type.String(), version: Type.String() }),
    response: RemovedRelease,
  }),
  publish: defineRoute({
    id: 'publish',
    method: 'POST',
    path: '/publish',
    summary: 'Publishes a release: from a template file, a Compose project, running containers or an installation.',
    body: PublishRequest,
    response: Job,
  }),
  previewPublication: defineRoute({
    id: 'previewPublication',
    method: 'POST',
    path: '/publish/preview',
    summary: 'Tells what a publication would make, and publishes nothing.',
    body: PublishRequest,
    response: PublicationPreview,
  }),
  exportBundle: defineRoute({
    id: 'exportBundle',
    method: 'POST',
    path: '/exports',
    summary: 'Writes a bundle file with a release.',
    body: Input({
      application: Type.String(),
      version: Type.String(),
      out: AbsolutePath('Absolute path of the file to write, or of a folder to write it into.'),
      since: Type.Optional(
        Type.Array(Type.String(), { description: 'What the receiver has: versions or digests of the application, or APP@VERSION. Their blobs are left out.' }),
      ),
      platforms: Type.Optional(Type.Array(Type.String(), { description: 'Only the images for these, like linux/amd64 or arm64.' })),
      overwrite: Type.Optional(Type.Boolean()),
      unsigned: Type.Optional(Type.Boolean()),
    }),
    response: Job,
  }),
  inspectBundle: defineRoute({
    id: 'inspectBundle',
    method: 'POST',
    path: '/bundles/inspect',
    summary: 'Reads only the head of a bundle: what is in it, who signed it.',
    body: Input({ path: Path }),
    response: InspectedBundle,
  }),
  verifyBundle: defineRoute({
    id: 'verifyBundle',
    method: 'POST',
    path: '/bundles/verify',
    summary: 'Reads a whole bundle and checks every byte; writes nothing.',
    body: Input({ path: Path }),
    response: Job,
  }),
  unpackBundle: defineRoute({
    id: 'unpackBundle',
    method: 'POST',
    path: '/bundles/unpack',
    summary: 'Turns a whole bundle into a plain OCI image layout.',
    body: Input({ path: Path, oci: AbsolutePath('Absolute path of the folder to make.') }),
    response: Job,
  }),
  importBundle: defineRoute({
    id: 'importBundle',
    method: 'POST',
    path: '/imports',
    summary: 'Checks a bundle and takes its releases into the library.',
    body: Input({
      path: Path,
      trust: Type.Optional(Type.Array(Type.String(), { description: 'Full fingerprints, of keys or of vendors, to trust from now on.' })),
      allowUnsigned: Type.Optional(Type.Boolean()),
      allowExpiredRoot: Type.Optional(Type.Boolean()),
      allowOlder: Type.Optional(Type.Boolean()),
      rebind: Type.Optional(Type.Array(Type.String(), { description: 'APP=FINGERPRINT' })),
    }),
    response: Job,
  }),
}
