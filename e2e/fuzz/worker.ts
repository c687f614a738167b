import { type CasesToRun, runCases } from './run-cases.ts'

// One process of `fuzz.ts`: tries its cases and reports each.
await runCases(JSON.parse(process.argv[2] ?? '') as CasesToRun, (report) => void process.send?.(report))
process.disconnect()
