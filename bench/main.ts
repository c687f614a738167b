import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { vendorEngine } from '../testbed/src/engine.ts'
import type { Context } from './context.ts'
import { makeWorkFolder } from './delivery/empty-engine.ts'
import { prepareMaterial } from './material.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { formatSections } from './report/format.ts'
import { describeMachine, formatMachine } from './report/machine.ts'
import { writePage } from './report/page.ts'
import type { Section } from './report/section.ts'
import { packagedProgram } from './sealift/program.ts'
import { measureChanges } from './sections/changes.ts'
import { measureCopy } from './sections/copy.ts'
import { measureDelivery } from './sections/delivery.ts'
import { measureMemory } from './sections/memory.ts'
import { measureRegistry } from './sections/registry.ts'
import { measureTools } from './sections/tools.ts'

/** The load of the minute before at which figures say more of others than of this program. */
const BUSY = 1.5

/** Not below /tmp, which may be a small file system in memory. */
const FOLDER = '/var/tmp/sealift-bench'

async function measure(options: Options, folder: string): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`)
  const date = new Date()
  const engine = await vendorEngine()
  try {
    const machine = await describeMachine(folder, engine.host)
    const program = packagedProgram()
    let made: ReturnType<typeof prepareMaterial> | undefined
    const context: Context = { options, folder, program, engine, say, material: () => (made ??= prepareMaterial(folder, engine, program)) }
    const asked = new Set(options.sections)
    const sections: Section[] = []
    if (asked.has('copy')) sections.push(...(await measureCopy(context)))
    if (asked.has('tools') || asked.has('size')) sections.push(...(await measureTools(context, { speed: asked.has('tools'), size: asked.has('size') })))
    if (asked.has('memory')) sections.push(...(await measureMemory(context)))
    if (asked.has('delivery')) sections.push(...(await measureDelivery(context)))
    if (asked.has('changes')) sections.push(...(await measureChanges(context)))
    if (asked.has('registry')) sections.push(...(await measureRegistry(context)))
    const minutes = Math.round((Date.now() - date.getTime()) / 60_000)
    const text = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC${options.quick ? ', a quick run' : ''}, ${minutes} minutes\n\n${formatMachine(machine)}\n\n${formatSections(sections)}`
    process.stdout.write(options.json ? `${JSON.stringify({ date, machine, sections }, undefined, 2)}\n` : text)
    if (options.write) writePage(text)
  } finally {
    if (engine.isOurs) await engine.stop()
  }
}

async function main(words: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = parseOptions(words)
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${usage}`)
    return 2
  }
  const [load = 0] = loadavg()
  if (options.write && !options.force && load > BUSY) {
    process.stderr.write(`the machine is busy: the load average of the last minute is ${load.toFixed(2)}, above ${BUSY}; wait, or add --force\n`)
    return 3
  }
  await makeWorkFolder(FOLDER)
  try {
    await measure(options, FOLDER)
  } finally {
    rmSync(FOLDER, { recursive: true, force: true })
  }
  return 0
}

process.exitCode = await main(process.argv.slice(2))
