import { styleText } from 'node:util'

/** An outcome that is not what it should be. */
class OutcomeDiffers extends Error {
  override readonly name = 'OutcomeDiffers'
}

/** How long a step took. */
interface StepTime {
  readonly name: string
  readonly seconds: number
}

/** Tells the delivery to whoever watches: steps, what is typed, what is answered, what was checked. All of it on stdout. */
export interface Story {
  /** The steps that have ended, with their times. */
  readonly steps: readonly StepTime[]
  /** The title of the step that is being told; undefined before the first. */
  readonly current: string | undefined
  /** Begins a step, and so ends the one before. */
  step(name: string, title: string): void
  /** Ends the last step. */
  end(): void
  say(line: string): void
  /** A command line as it is typed at a place. */
  typed(place: string, line: string): void
  /** What a command answered. */
  answered(text: string): void
  /** Notes an outcome that was looked at. Throws {@link OutcomeDiffers} unless it is what it should be. */
  check(what: string, isSo: boolean, found?: unknown): void
  /** Notes that two values are the same, as {@link check} does. */
  same(what: string, found: unknown, expected: unknown): void
}

/** A story that is told on standard output. */
export function tellStory(out: NodeJS.WriteStream): Story {
  const paint = (format: Parameters<typeof styleText>[0], text: string): string => styleText(format, text, { stream: out })
  const write = (line: string): void => void out.write(`${line}\n`)
  const steps: StepTime[] = []
  let open: { name: string; title: string; start: number } | undefined

  const end = (): void => {
    if (open !== undefined) steps.push({ name: open.name, seconds: secondsSince(open.start) })
    open = undefined
  }
  const check = (what: string, isSo: boolean, found?: unknown): void => {
    const detail = found === undefined ? '' : paint('dim', `  (${shown(found)})`)
    write(`  ${isSo ? paint('green', '✓') : paint('red', '✗')} ${what}${detail}`)
    if (!isSo) throw new OutcomeDiffers(`not so: ${what}${found === undefined ? '' : `; found ${shown(found)}`}`)
  }
  return {
    steps,
    get current() {
      return open?.title
    },
    step(name, title) {
      end()
      open = { name, title, start: performance.now() }
      write(`\n${paint('bold', `${steps.length + 1}. ${title}`)}`)
    },
    end,
    say: (line) => write(`  ${line}`),
    typed: (place, line) => write(`\n  ${paint('cyan', `${place}$`)} ${paint('bold', line)}`),
    answered(text) {
      if (text.trim() === '') return
      for (const line of text.trimEnd().split('\n')) write(`  ${paint('dim', '│')} ${line}`.trimEnd())
    },
    check,
    same: (what, found, expected) => check(found === expected ? what : `${what} (expected ${shown(expected)})`, found === expected, found),
  }
}

/** Seconds since a moment of `performance.now()`, to the tenth. */
export function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
