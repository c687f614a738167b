import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Note, Tally } from './tally.ts'

/** The environment variable that names the file to write. */
export const TALLY_FILE = 'SEALIFT_TALLY_FILE'

interface Thrown {
  readonly message: string
}

/**
 * Writes what came of a vitest run as a tally, with the reasons of skipped tests, which vitest's own machine-readable reporters leave
 * out. A test that was skipped without a reason counts as failed: nobody would notice that it no longer runs.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly Thrown[]): void {
    const path = process.env[TALLY_FILE]
    if (path === undefined) throw new Error(`${TALLY_FILE} names no file to write the tally to`)
    const failed: Note[] = unhandled.map((error) => ({ name: 'outside of any test', reason: firstLine([error]) }))
    const skipped: Note[] = []
    let passed = 0
    for (const module of modules) {
      failed.push(...ownErrors(module, module.relativeModuleId))
      for (const suite of module.children.allSuites()) failed.push(...ownErrors(suite, nameOf(module, suite)))
      for (const test of module.children.allTests()) {
        const name = nameOf(module, test)
        const result = test.result()
        const reason = reasonOf(test)
        if (result.state === 'passed') passed += 1
        else if (result.state === 'failed') failed.push({ name, reason: firstLine(result.errors) })
        else if (result.state === 'skipped' && reason !== undefined) skipped.push({ name, reason })
        else failed.push({ name, reason: 'did not run, and gave no reason' })
      }
    }
    const tally: Tally = { passed, failed, skipped }
    writeFileSync(path, JSON.stringify(tally))
  }
}

function nameOf(module: TestModule, task: TestCase | TestSuite): string {
  return `${module.relativeModuleId} > ${task.fullName}`
}

/** Why a test was skipped: it says so itself, or a suite around it does in its name, like `images (skipped: podman is missing)`. */
function reasonOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? (result.note ?? /\(skipped: (.+?)\)(?: > |$)/.exec(test.fullName)?.[1]) : undefined
}

/** What went wrong outside of its tests: at the start of a file, in a hook. */
function ownErrors(task: TestModule | TestSuite, name: string): Note[] {
  const errors = task.errors()
  return errors.length === 0 ? [] : [{ name, reason: firstLine(errors) }]
}

function firstLine(errors: readonly Thrown[]): string {
  return errors[0]?.message.split('\n')[0] ?? 'failed'
}
