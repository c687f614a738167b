import type { Job } from '@sealift/api/job.ts'
import { formatBytes, formatDuration } from './units.ts'

const BAR_WIDTH = 24
/** Seconds over which the rate is averaged. */
const RATE_WINDOW = 5

/** How far a piece of work is. */
export type Progress = Pick<Job, 'stage' | 'done' | 'total' | 'unit'>

/** Shows what a job does, on standard error: one line that is drawn anew on a terminal; elsewhere its log, and a line for each stage that moves bytes. */
export interface ProgressView {
  show(progress: Progress): void
  /** A line of the job's log, above the bar. */
  log(message: string): void
  /** Takes the bar away. */
  end(): void
}

/** A view for a stream, fitting what the stream is. */
export function createProgressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? new TerminalProgress(stream) : new PlainProgress(stream)
}

class PlainProgress implements ProgressView {
  readonly #stream: NodeJS.WriteStream
  #stage = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  show({ stage, total, unit }: Progress): void {
    if (stage === this.#stage || unit !== 'bytes' || total === 0) return
    this.#stage = stage
    this.#stream.write(`${stage} (${formatBytes(total)})\n`)
  }

  log(message: string): void {
    this.#stream.write(`${message}\n`)
  }

  end(): void {}
}

class TerminalProgress implements ProgressView {
  readonly #stream: NodeJS.WriteStream
  #stage = ''
  #samples: { at: number; done: number }[] = []
  #line = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  show({ stage, done, total, unit }: Progress): void {
    if (stage === '') return
    if (stage !== this.#stage) {
      this.#stage = stage
      this.#samples = []
    }
    const now = performance.now()
    this.#samples.push({ at: now, done })
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > RATE_WINDOW * 1000) this.#samples.shift()
    this.#draw(total > 0 ? `${bar(done / total)} ${percent(done / total)}  ${stage}  ${this.#amounts(done, total, unit)}` : `${stage} …`)
  }

  log(message: string): void {
    const line = this.#line
    this.#clear()
    this.#stream.write(`${message}\n`)
    if (line !== '') this.#draw(line)
  }

  end(): void {
    this.#clear()
  }

  #amounts(done: number, total: number, unit: Job['unit']): string {
    if (unit === 'steps') return `${done} of ${total}`
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    const seconds = first && last ? (last.at - first.at) / 1000 : 0
    const rate = seconds > 0.2 && first && last ? (last.done - first.done) / seconds : 0
    const rest = rate > 0 ? `  ${formatBytes(rate)}/s  ${formatDuration(((total - done) / rate) * 1000)} left` : ''
    return `${formatBytes(done)} of ${formatBytes(total)}${rest}`
  }

  #draw(line: string): void {
    this.#line = line
    this.#stream.write(`\r\u001B[K${line.slice(0, (this.#stream.columns || 80) - 1)}`)
  }

  #clear(): void {
    if (this.#line !== '') this.#stream.write('\r\u001B[K')
    this.#line = ''
  }
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH)
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
}

function percent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)
    .toString()
    .padStart(3)} %`
}
