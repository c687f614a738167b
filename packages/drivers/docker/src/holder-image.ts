import { pauseProgram } from './pause-program.ts'
import { createProgramImage, type ProgramImage } from './program-image.ts'

/** Rises when the bytes change, so that holders of different versions stand side by side. */
const HOLDER_VERSION = 1

/**
 * Makes the image of the holder: the container that owns a replica's network and does nothing else.
 * @throws SealiftError `ENGINE_UNSUPPORTED` where there is no holder for an architecture
 */
export async function createHolderImage(architecture: string): Promise<ProgramImage> {
  return createProgramImage({
    name: `sealift.local/holder:${HOLDER_VERSION}-${architecture}`,
    architecture,
    program: { path: 'pause', content: pauseProgram(architecture) },
    user: '65534:65534',
  })
}
