import { inflateRawSync } from 'node:zlib'
import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { createProgramImage, type ProgramImage } from '../program-image.ts'
import { COMPILED } from './compiled.ts'

/**
 * The program that copies and measures volumes, as a static ELF file: see volume-copier.c.
 * @param architecture `amd64` or `arm64`
 * @throws SealiftError `ENGINE_UNSUPPORTED` for another one
 */
export function volumeCopier(architecture: string): Buffer {
  const lines = COMPILED[architecture]
  if (lines === undefined) {
    throw new SealiftError('ENGINE_UNSUPPORTED', `the engine runs on ${architecture}; only ${Object.keys(COMPILED).join(' and ')} are supported`)
  }
  return inflateRawSync(Buffer.from(lines.join(''), 'base64'))
}

/** Makes the image of the volume copier; its name changes with the program. @throws SealiftError `ENGINE_UNSUPPORTED` */
export async function createVolumeCopierImage(architecture: string): Promise<ProgramImage> {
  const content = volumeCopier(architecture)
  return createProgramImage({
    name: `sealift.local/volume-copier:${hexOf(digestOf(content)).slice(0, 12)}-${architecture}`,
    architecture,
    program: { path: 'volume-copier', content },
    user: '0:0',
  })
}
