/**
 * What a signature is over. The type is signed together with the bytes, so that a signature over one
 * kind of document is never taken for one over another.
 */
export const PayloadType = {
  release: 'application/vnd.sealift.release.v1+json',
  root: 'application/vnd.sealift.root.v1+json',
  report: 'application/vnd.sealift.report.v1+json',
  bundleIndex: 'application/vnd.sealift.bundle-index.v1+json',
} as const

export type PayloadType = (typeof PayloadType)[keyof typeof PayloadType]
