import type { FileHandle } from 'node:fs/promises'

/** Fills a buffer from a place in a file; returns how many bytes there were, fewer only at the file's end. */
export async function readAt(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let read = 0
  while (read < buffer.length) {
    const { bytesRead } = await file.read(buffer, read, buffer.length - read, position + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return read
}
