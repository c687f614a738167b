import { runChecks } from './run-checks.ts'
import { runVitest } from './run-vitest.ts'
import { formatTally, isGood, sumTallies, type Tally } from './tally.ts'

/** All checks and tests, or a part of them. `./test --help` says how. */

type Run = (patterns: readonly string[]) => Promise<Tally>

const PARTS = new Map<string, Run>([
  ['check', runChecks],
  ['unit', (patterns) => runVitest('unit', patterns)],
  ['e2e', (patterns) => runVitest('e2e', patterns)],
])

const [part, ...patterns] = process.argv.slice(2)
const chosen = part === undefined ? [...PARTS.values()] : [PARTS.get(part)].filter((run) => run !== undefined)
if (chosen.length === 0 || (part === 'check' && patterns.length > 0)) {
  console.error(`test: ${process.argv.slice(2).join(' ')}: there are ${[...PARTS.keys()].join(', ')}\nSee: ./test --help`)
  process.exit(2)
}
const start = performance.now()
const tallies: Tally[] = []
for (const run of chosen) tallies.push(await run(patterns))
const tally = sumTallies(tallies)
console.log(`\n${Math.round((performance.now() - start) / 1000)} s\n${formatTally(tally)}`)
process.exitCode = isGood(tally) ? 0 : 1
