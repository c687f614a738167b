import type { FileHandle } from 'node:fs/promises'

/** Writes all bytes of a buffer to a place in a file. The buffer is in use until this resolves. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten
}
