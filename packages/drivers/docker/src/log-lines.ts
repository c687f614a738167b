import type { OutputFrame } from './multiplexed-stream.ts'

/** A line that a container wrote, with the engine's time of it. */
export interface TimedLine {
  readonly stream: 'stdout' | 'stderr'
  readonly time: string
  readonly text: string
}

const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})) ?/
/** Characters after which a line is given out although it did not end. */
const LINE_LIMIT = 1024 * 1024

/**
 * Joins a container's output to lines. The engine puts its time before each piece that it stored, and
 * stores a long line in several: the first one's time counts, those in the middle of a line are dropped.
 */
export async function* readLines(frames: AsyncIterable<OutputFrame>): AsyncGenerator<TimedLine> {
  const open = { stdout: { time: '', text: '' }, stderr: { time: '', text: '' } }
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  for await (const { stream, data } of frames) {
    const pieces = decoders[stream].decode(data, { stream: true }).split('\n')
    for (const [position, piece] of pieces.entries()) {
      const line = open[stream]
      const isLast = position === pieces.length - 1
      if (piece === '' && isLast) break
      const stamp = TIMESTAMP.exec(piece)
      if (line.time === '') line.time = stamp?.[1] ?? ''
      line.text += stamp === null ? piece : piece.slice(stamp[0].length)
      if (isLast && line.text.length < LINE_LIMIT) break
      yield { stream, time: line.time, text: line.text.replace(/\r$/, '') }
      open[stream] = { time: '', text: '' }
    }
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    const { time, text } = open[stream]
    if (time !== '' || text !== '') yield { stream, time, text }
  }
}
