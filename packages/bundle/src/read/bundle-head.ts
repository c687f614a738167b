import type { FileHandle } from 'node:fs/promises'
import { readAt } from '@sealift/content/filesystem/read-at.ts'
import { isSealiftError, messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { paddingOf, readTarSize, TAR_BLOCK } from '@sealift/oci/tar-header.ts'
import { type BundleIndex, MAX_INDEX_BYTES } from '../format/bundle-index.ts'
import { headSize, INDEX_NAME, SIGNATURE_NAME } from '../format/layout.ts'
import { parseIndex } from '../format/parse-index.ts'
import { PayloadType } from '../signature/payload-type.ts'
import { MAX_SIGNATURE_BYTES, type Signer, verify } from '../signature/signature.ts'

/** The first member of a volume of a split bundle, which a later version of the format will have. */
const VOLUME_NAME = 'sealift-volume.json'

/** What the head of a bundle says, once its signature was checked. */
export interface BundleHead {
  readonly index: BundleIndex
  /** Whose signature the index carries, or undefined in an unsigned bundle. Proved, not trusted. */
  readonly signer: Signer | undefined
  /** Bytes of the head. */
  readonly size: number
}

/**
 * Reads index and signature: the index's raw bytes are checked before they are parsed.
 * @throws SealiftError `BUNDLE_NOT_A_BUNDLE`, `BUNDLE_TRUNCATED`, `BUNDLE_DAMAGED`, `BUNDLE_UNSUPPORTED`, `BUNDLE_SIGNATURE_INVALID`, `BUNDLE_INVALID`
 */
export async function readHead(file: FileHandle, path: string, fileSize: number): Promise<BundleHead> {
  const indexHeader = await readRange(file, path, 0, Math.min(TAR_BLOCK, fileSize))
  checkMagic(indexHeader, path)
  const indexSize = sizeFrom(indexHeader, INDEX_NAME, MAX_INDEX_BYTES, path, fileSize, 0)
  const indexBytes = await readMember(file, path, fileSize, TAR_BLOCK, indexSize, INDEX_NAME)
  const signatureAt = TAR_BLOCK + indexSize + paddingOf(indexSize)
  const signatureHeader = await readRange(file, path, signatureAt, Math.min(TAR_BLOCK, Math.max(0, fileSize - signatureAt)))
  const signatureSize = sizeFrom(signatureHeader, SIGNATURE_NAME, MAX_SIGNATURE_BYTES, path, fileSize, signatureAt)
  const signature = await readMember(file, path, fileSize, signatureAt + TAR_BLOCK, signatureSize, SIGNATURE_NAME)
  const signer = signature.length === 0 ? undefined : verifyIndex(signature, indexBytes, path)
  return { index: parse(indexBytes, path), signer, size: headSize(indexSize, signatureSize) }
}

function checkMagic(header: Buffer, path: string): void {
  const startsAs = (name: string): boolean => {
    const start = Buffer.from(`${name}\0`).subarray(0, header.length)
    return header.subarray(0, start.length).equals(start)
  }
  if (header.length >= TAR_BLOCK && startsAs(VOLUME_NAME)) {
    throw new SealiftError('BUNDLE_UNSUPPORTED', `${path} is one volume of a split bundle; this version reads whole bundles only`)
  }
  if (!startsAs(INDEX_NAME)) throw new SealiftError('BUNDLE_NOT_A_BUNDLE', `${path} does not begin like a Sealift bundle`)
}

function sizeFrom(header: Buffer, name: string, limit: number, path: string, fileSize: number, position: number): number {
  if (header.length < TAR_BLOCK) throw truncated(path, fileSize, position + TAR_BLOCK)
  const size = readTarSize(header, name)
  if (size === undefined) {
    throw new SealiftError('BUNDLE_DAMAGED', `${path}: the tar header of ${name}, bytes ${position} to ${position + TAR_BLOCK - 1}, is damaged`)
  }
  if (size > limit) throw new SealiftError('BUNDLE_INVALID', `${path}: ${name} has ${size} bytes, more than the limit of ${limit}`)
  return size
}

async function readMember(file: FileHandle, path: string, fileSize: number, position: number, size: number, name: string): Promise<Buffer> {
  const padded = size + paddingOf(size)
  if (position + padded > fileSize) throw truncated(path, fileSize, position + padded)
  const bytes = await readRange(file, path, position, padded)
  if (bytes.subarray(size).some((byte) => byte !== 0)) {
    throw new SealiftError('BUNDLE_DAMAGED', `${path}: the padding after ${name}, bytes ${position + size} to ${position + padded - 1}, is not zero`)
  }
  return bytes.subarray(0, size)
}

async function readRange(file: FileHandle, path: string, position: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size)
  const read = await readAt(file, bytes, position)
  if (read < size) throw truncated(path, position + read, position + size)
  return bytes
}

function verifyIndex(signature: Buffer, index: Buffer, path: string): Signer {
  try {
    return verify(signature, PayloadType.bundleIndex, index, `${path}, index`)
  } catch (cause) {
    throw new SealiftError('BUNDLE_SIGNATURE_INVALID', messageOf(cause), { cause })
  }
}

function parse(bytes: Buffer, path: string): BundleIndex {
  try {
    return parseIndex(bytes)
  } catch (cause) {
    if (isSealiftError(cause)) throw new SealiftError(cause.code, `${path}: ${cause.message}`, { cause })
    throw cause
  }
}

function truncated(path: string, found: number, expected: number): SealiftError {
  return new SealiftError('BUNDLE_TRUNCATED', `${path} has ${found} bytes, its head alone needs at least ${expected}`, { details: { found, expected } })
}
