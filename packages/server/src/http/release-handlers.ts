import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import type { Services } from '../services.ts'
import { type RouteGroup, routeGroup } from './api-server.ts'

/** Answers the routes about releases and bundles. */
export function releaseHandlers({ library, publisher, exporter, importer, bundles, releaseRemover, comparison }: Services): RouteGroup {
  return routeGroup(releaseRoutes, {
    listReleases: ({ query }) => library.list(query.application),
    getRelease: ({ params }) => library.describe(params.application, params.version),
    compareReleases: ({ query }) => comparison.compare(query),
    removeRelease: ({ params }) => releaseRemover.remove(params.application, params.version),
    publish: ({ body }) => publisher.start(body),
    previewPublication: ({ body }) => publisher.preview(body),
    exportBundle: ({ body }) => exporter.start(body),
    inspectBundle: ({ body }) => bundles.inspect(body.path),
    verifyBundle: ({ body }) => bundles.startVerify(body.path),
    unpackBundle: ({ body }) => bundles.startUnpack(body.path, body.oci),
    importBundle: ({ body }) => importer.start(body),
  })
}
