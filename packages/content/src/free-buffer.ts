/**
 * Gives the memory of a buffer back at once. The garbage collector would do it too, but so late that a long row of blocks takes up
 * several times the memory that it needs, and every block lies in memory that no cache holds yet. The buffer must be the only view
 * of its memory that is still in use; it may be empty from here on.
 */
export function freeBuffer({ buffer }: Buffer): void {
  // A piece of Node's pool lies beside pieces that are others'.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
