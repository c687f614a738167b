import type { ServerResponse } from 'node:http'

/** Pieces handed to the socket before it must have taken the first of them. */
const IN_FLIGHT = 2

/**
 * Sends large pieces without copying, at the pace at which the client takes them, and ends the response.
 * @returns whether all was sent; false when the client went away, and the iteration is then closed
 */
export async function sendPieces(response: ServerResponse, pieces: AsyncIterable<Buffer>): Promise<boolean> {
  const sending: Promise<boolean>[] = []
  let gone = response.destroyed
  const closed = new Promise<false>((resolve) => {
    response.once('close', () => {
      gone = true
      resolve(false)
    })
  })
  for await (const piece of pieces) {
    if (gone || response.destroyed) return false
    if (piece.length === 0) continue
    const taken = new Promise<boolean>((resolve) => {
      response.write(piece, (error) => resolve(error === null || error === undefined))
    })
    // A destroyed socket may never call back.
    sending.push(Promise.race([taken, closed]))
    if (sending.length >= IN_FLIGHT && !(await sending.shift())) return false
  }
  if (gone || response.destroyed) return false
  response.end()
  return true
}
