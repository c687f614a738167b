import type { EncodedClaim } from '@sealift/content/content-store.ts'
import { parseDigest } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'

/** What identifies the format; the page `docs/operating.md` describes it. */
export const BACKUP_FORMAT = 'sealift.dev/backup'
export const BACKUP_VERSION = 1

/** The names of the parts of a backup, in the order in which they stand in a file. */
export const PARTS = { manifest: 'sealift-backup.json', mac: 'sealift-backup.mac', database: 'database.db', blobs: 'blobs.json' } as const

/** The most bytes that a manifest has. */
export const MAX_MANIFEST = 64 * 1024

const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Part = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }), size: Size })

/** What a backup says of itself. Every part but the content is named by its hash, and the content by its digests. */
export const BackupManifest = Type.Object({
  format: Type.Literal(BACKUP_FORMAT),
  version: Type.Integer(),
  id: Type.String(),
  createdAt: Type.String(),
  creator: Type.String(),
  /** Where the data folder was. */
  data: Type.String(),
  /** `small`: without image layers and whatever else is large. */
  content: Type.Enum(['all', 'small']),
  key: Type.Object({ kdf: Type.Literal('scrypt'), cost: Type.Integer(), salt: Type.String(), nonce: Type.String(), sealed: Type.String() }),
  database: Part,
  blobs: Type.Object({ ...Part.properties, count: Size, bytes: Size }),
})
export type BackupManifest = Static<typeof BackupManifest>

const Claim = Type.Object({
  digest: Type.String(),
  size: Size,
  encoding: Type.Enum(['plain', 'zstd']),
  blocks: Type.Array(Type.Object({ size: Size, sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) })),
})

/** The blobs of a backup, each as it is encoded there. */
const BackupBlobs = Type.Array(Claim)

/** @throws SealiftError `BACKUP_INVALID`, `DATABASE_NEWER` */
export function parseManifest(bytes: Buffer, what: string): BackupManifest {
  const json = parseJson(bytes, what)
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined
  if (typeof version === 'number' && version > BACKUP_VERSION) {
    throw new SealiftError('DATABASE_NEWER', `${what} is a backup of version ${version}; this program reads ${BACKUP_VERSION}`)
  }
  if (!Check(BackupManifest, json)) throw new SealiftError('BACKUP_INVALID', `${what}: ${PARTS.manifest} is not what the format says`)
  return json
}

/** @throws SealiftError `BACKUP_INVALID`, `DIGEST_INVALID` */
export function parseBlobs(bytes: Buffer, what: string): readonly EncodedClaim[] {
  const json = parseJson(bytes, what)
  if (!Check(BackupBlobs, json)) {
    throw new SealiftError('BACKUP_INVALID', `${what}: ${PARTS.blobs} is not what the format says`)
  }
  return json.map((claim) => ({ ...claim, digest: parseDigest(claim.digest, `${what}: a blob`) }))
}

function parseJson(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch (cause) {
    throw new SealiftError('BACKUP_INVALID', `${what}: is no JSON`, { cause })
  }
}
