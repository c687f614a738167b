import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, type EngineOptions, openEngine, startEngine } from '../../testbed/src/engine.ts'
import { addNetns, removeNetns } from '../../testbed/src/netns.ts'
import { runFolder } from '../../testbed/src/paths.ts'
import { argumentsOf } from '../../testbed/src/processes.ts'

/** Under each name there is at most one, since its socket and network namespace are named after it. */
const names = ['load', 'memory', 'delivery', 'changes', 'registry'] as const

export type EmptyEngineName = (typeof names)[number]

/** An engine with nothing in its store, in a network namespace of its own, so that its ports and bridges meet no other's. */
export interface EmptyEngine {
  readonly engine: Engine
  readonly netns: string
  /** Ends it and takes everything away. */
  remove(): Promise<void>
}

export async function startEmptyEngine(folder: string, name: EmptyEngineName): Promise<EmptyEngine> {
  const options = optionsFor(folder, name)
  await remove(options)
  await addNetns(options.netns)
  try {
    return { engine: await startEngine(options), netns: options.netns, remove: () => remove(options) }
  } catch (thrown) {
    await remove(options)
    throw thrown
  }
}

/**
 * Makes the folder that everything is in, anew: what a bench that was killed has left is cleared away, its engines first.
 * Throws where another bench is at work in it: the two would spoil each other's figures, and files.
 */
export async function makeWorkFolder(folder: string): Promise<void> {
  const record = join(folder, 'pid')
  const owner = existsSync(record) ? Number(readFileSync(record, 'utf8')) : 0
  if (existsSync(`/proc/${owner}/cmdline`) && owner > 0 && argumentsOf(owner).some((argument) => argument.endsWith('bench/main.ts'))) {
    throw new Error(`another bench is at work, process ${owner}`)
  }
  for (const name of names) await remove(optionsFor(folder, name))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(record, String(process.pid))
}

function optionsFor(folder: string, name: EmptyEngineName): EngineOptions & { readonly netns: string } {
  return { name: `bench-${name}`, dataRoot: join(folder, `engine-${name}`), socket: join(runFolder, `bench-${name}.sock`), netns: `sealift-bench-${name}` }
}

async function remove(options: EngineOptions & { readonly netns: string }): Promise<void> {
  await openEngine(options).stop({ now: true })
  await removeNetns(options.netns)
  rmSync(options.dataRoot, { recursive: true, force: true })
}
