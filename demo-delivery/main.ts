import { mkdirSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { stopVendorEngine } from '@sealift/testbed/engine.ts'
import { destroySite, openSite } from '@sealift/testbed/site.ts'
import { deliver } from './delivery.ts'
import { KEPT, workFolder } from './folders.ts'
import { secondsSince, tellStory } from './story.ts'

/** The demo: one delivery, told and checked. `./demo --help` says what it does. */

interface Options {
  readonly keep: boolean
  readonly end: boolean
}

function readOptions(): Options {
  try {
    const { keep, end } = parseArgs({ options: { keep: { type: 'boolean', default: false }, end: { type: 'boolean', default: false } } }).values
    return { keep, end }
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}\nSee: ./demo --help`)
    process.exit(2)
  }
}

async function endKept(): Promise<void> {
  await destroySite(KEPT)
  rmSync(workFolder(KEPT), { recursive: true, force: true })
  await stopVendorEngine()
  console.log('The site is gone.')
}

async function demo({ keep }: Options): Promise<void> {
  const start = performance.now()
  const story = tellStory(process.stdout)
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      console.error(interrupted.signal.aborted ? 'demo: still cleaning up …' : `demo: ${signal}: stopping, and cleaning up …`)
      interrupted.abort(new Error(`interrupted by ${signal}`))
    })
  }
  // Those that are taken away at the end may be many at a time; the one that stays has a name that --end knows.
  const site = keep ? KEPT : `demo-${process.pid}`
  const versions: string[] = []
  let failure: Error | undefined
  try {
    mkdirSync(workFolder(site), { recursive: true })
    await deliver({ story, site, folder: workFolder(site), keep, signal: interrupted.signal, passed: (version) => versions.push(version) })
  } catch (error) {
    failure = error instanceof Error ? error : new Error('something that is no error was thrown', { cause: error })
  }
  story.end()
  const outcome = { ok: failure === undefined, versions, steps: story.steps, seconds: secondsSince(start) }
  if (failure === undefined) {
    console.log(`\nEverything is as it should be, in ${outcome.seconds} s.`)
    console.log(JSON.stringify(outcome))
    return
  }
  const error = messageOf(failure)
  console.error(`\ndemo: failed in step ${story.steps.length}: ${error}`)
  console.log(JSON.stringify({ ...outcome, error }))
  process.exitCode = 1
}

/** Both of what went wrong and what then went wrong with cleaning up. */
function messageOf(error: Error): string {
  if (!(error instanceof SuppressedError)) return error.message
  const parts = [error.suppressed, error.error].map((each) => (each instanceof Error ? messageOf(each) : JSON.stringify(each)))
  return parts.join('\nand cleaning up failed: ')
}

const options = readOptions()
if (process.getuid?.() !== 0) {
  console.error('demo: it makes network namespaces and starts engines, and so needs root')
  process.exitCode = 1
} else if (options.end) await endKept()
else if (options.keep && openSite(KEPT) !== undefined) {
  console.error('demo: an earlier run has left its site; end it first with: ./demo --end')
  process.exitCode = 1
} else await demo(options)
