/** The start of a stream together with all of it. */
export async function peek(bytes: AsyncIterable<Buffer>, wanted: number): Promise<{ start: Buffer; whole: AsyncGenerator<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let length = 0
  while (length < wanted) {
    const { done, value } = await iterator.next()
    if (done === true) break
    first.push(value)
    length += value.length
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield* first
    while (true) {
      const { done, value } = await iterator.next()
      if (done === true) return
      yield value
    }
  }
  return { start: Buffer.concat(first).subarray(0, wanted), whole: whole() }
}
