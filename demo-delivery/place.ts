import { CommandError, type CommandOptions, type Outcome } from '@sealift/testbed/command.ts'
import type { Story } from './story.ts'

/** A place where Sealift is used by typing: the vendor's machine, or the site's. */
export interface Place {
  /** Types a command of Sealift that must succeed: shows the line, and what it answered. */
  type(...argv: readonly string[]): Promise<void>
  /** Types a command that must be refused or fail with a code; shows what it said. Gives what it said. */
  typeRefused(code: number, ...argv: readonly string[]): Promise<string>
  /** Asks for a command's JSON without showing anything. */
  ask<T>(...argv: readonly string[]): Promise<T>
}

/** How a place runs Sealift. */
type SealiftRunner = (argv: readonly string[], options: Pick<CommandOptions, 'show' | 'signal'>) => Promise<Outcome>

export interface PlaceOptions {
  readonly name: string
  /** How Sealift is called there. */
  readonly program: string
  readonly run: SealiftRunner
  readonly story: Story
  readonly signal: AbortSignal
}

/** A place that shows what is typed in it. */
export function openPlace({ name, program, run, story, signal }: PlaceOptions): Place {
  const show = (argv: readonly string[]): void => story.typed(name, [program, ...argv].map(quoted).join(' '))
  const expect = (code: number, argv: readonly string[], outcome: Outcome): void => {
    signal.throwIfAborted()
    if (outcome.code === code) return
    // What it said on standard error is on the terminal already, where it was shown as it came.
    throw new CommandError([program, ...argv], outcome)
  }
  return {
    async type(...argv) {
      show(argv)
      const outcome = await run(argv, { show: 'errors', signal })
      story.answered(outcome.stdout)
      expect(0, argv, outcome)
    },
    async typeRefused(code, ...argv) {
      show(argv)
      const outcome = await run(argv, { signal })
      story.answered(outcome.stdout + outcome.stderr)
      expect(code, argv, outcome)
      return outcome.stdout + outcome.stderr
    },
    async ask<T>(...argv: readonly string[]) {
      const outcome = await run([...argv, '--json'], { signal })
      expect(0, argv, outcome)
      return JSON.parse(outcome.stdout) as T
    },
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
