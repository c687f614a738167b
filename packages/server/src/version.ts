/** The version of this program. */
export const SEALIFT_VERSION = '0.1.0'

/** How this program names itself in bundles. */
export const CREATOR = `sealift ${SEALIFT_VERSION}`
