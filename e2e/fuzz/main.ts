import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import { READERS } from './readers.ts'

// `npm run fuzz -- [--seed TEXT] [--count N] [--only READER] [--case N]`
const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' }, only: { type: 'string' }, case: { type: 'string' } } })
const seed = values.seed ?? String(randomInt(1_000_000))
const count = Number(values.count ?? 20_000)
if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--count ${values.count}: expected a number`)
if (values.only !== undefined && !READERS.some(({ name }) => name === values.only)) {
  throw new Error(`--only ${values.only}: there are ${READERS.map(({ name }) => name).join(', ')}`)
}
const keep = join(import.meta.dirname, '../../.cache/fuzz')
console.log(`seed ${seed}, ${count} bundles`)
const start = performance.now()
const { findings, results, peakMemory } = await fuzz({
  seed,
  count,
  keep,
  ...(values.only === undefined ? {} : { only: values.only }),
  ...(values.case === undefined ? {} : { number: Number(values.case) }),
})
for (const [reader, outcomes] of Object.entries(results)) {
  const total = Object.values(outcomes).reduce((sum, cases) => sum + cases, 0)
  console.log(`\n${reader}: ${total} cases`)
  for (const [result, cases] of Object.entries(outcomes).toSorted(([, a], [, b]) => b - a)) console.log(`  ${String(cases).padStart(7)}  ${result}`)
}
console.log(`\n${Math.round((performance.now() - start) / 1000)} s, at most ${Math.round(peakMemory / 1e6)} MB in a process`)
for (const { reader, number, description, reason, file } of findings) {
  console.log(
    `\nFOUND in ${reader}, ${description}: ${reason}\n  again: npm run fuzz -- --seed ${seed} --only '${reader}' --case ${number}${file === undefined ? '' : `\n  file:  ${file}`}`,
  )
}
process.exitCode = findings.length === 0 ? 0 : 1
