import { parseArgs } from 'node:util'

/** What there is to measure, in the order in which it is done. */
const sectionNames = ['copy', 'tools', 'size', 'memory', 'delivery', 'changes', 'registry'] as const

type SectionName = (typeof sectionNames)[number]

/** How the bench was asked to run. */
export interface Options {
  /** Fewer repetitions, and no 4 GB. */
  readonly quick: boolean
  /** One JSON document on stdout instead of the tables. */
  readonly json: boolean
  /** Put the tables into docs/performance.md. */
  readonly write: boolean
  /** Write them though the machine was busy. */
  readonly force: boolean
  readonly sections: readonly SectionName[]
}

export const usage = `usage: npm run bench -- [--quick] [--only SECTION[,SECTION…]] [--json] [--write [--force]]
  --quick   fewer repetitions, nothing of 4 GB
  --only    of ${sectionNames.join(', ')}
  --json    print one JSON document instead of the tables
  --write   put the tables into docs/performance.md; refused on a busy machine, unless with --force
`

/** Reads the command line. Throws an error with a message for people. */
export function parseOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, write: { type: 'boolean' }, force: { type: 'boolean' }, only: { type: 'string' } },
  })
  const asked = values.only?.split(',')
  const unknown = asked?.filter((name) => !sectionNames.some((known) => known === name)) ?? []
  if (unknown.length > 0) throw new Error(`there is no section ${unknown.join(', ')}; there are ${sectionNames.join(', ')}`)
  return {
    quick: values.quick === true,
    json: values.json === true,
    write: values.write === true,
    force: values.force === true,
    sections: sectionNames.filter((name) => asked?.includes(name) ?? true),
  }
}
