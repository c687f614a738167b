import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { must } from '../../testbed/src/command.ts'
import type { Context } from '../context.ts'
import { startEmptyEngine } from '../delivery/empty-engine.ts'
import { interleave } from '../measure/interleave.ts'
import { peakMemory } from '../measure/peak-memory.ts'
import { spreadOf } from '../measure/spread.ts'
import { secondsOf } from '../report/compare.ts'
import type { Outcome, Section } from '../report/section.ts'
import { checkoutProgram, Side } from '../sealift/program.ts'
import { syntheticArchive } from '../synthetic/archive.ts'

const LIMIT = 250
/** How much the peak for the largest may be above that for the smallest to count as flat, in MB. */
const FLAT = 40

interface Peaks {
  readonly gigabytes: number
  readonly peaks: ReadonlyMap<string, readonly number[]>
}

/** Peak memory of publication, export and import for contents of several sizes, and the time of `inspect` for them. */
export async function measureMemory({ options, folder, program, say }: Context): Promise<Section[]> {
  const sizes = options.quick ? [0.1, 1] : [0.1, 1, 4]
  const repetitions = options.quick ? 1 : 3
  const work = join(folder, 'synthetic')
  mkdirSync(work)
  try {
    const found: Peaks[] = []
    for (const gigabytes of sizes) {
      say(`memory for ${gigabytes} GB`)
      found.push({ gigabytes, peaks: await peaksFor(folder, work, program, gigabytes, repetitions) })
    }
    return [memorySection(found), await measureInspect(work, program, sizes, options.quick ? 3 : 9)]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const bundleOf = (work: string, gigabytes: number): string => join(work, `${gigabytes}.sealift`)

async function peaksFor(
  folder: string,
  work: string,
  program: string,
  gigabytes: number,
  repetitions: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const reference = 'sealift-bench/synthetic:1'
  const template = join(work, 'synthetic.yaml')
  writeFileSync(
    template,
    `apiVersion: sealift.dev/v1\nkind: Application\nname: synthetic\nrelease: {version: 1.0.0}\ncomponents:\n  - {name: main, workload: stateless, image: ${reference}}\n`,
  )
  const peaks = new Map<string, number[]>()
  const note = (what: string, peak: number): void => void peaks.set(what, [...(peaks.get(what) ?? []), peak / 1e6])
  const data = join(work, 'vendor')
  const target = await startEmptyEngine(folder, 'memory')
  try {
    await load(target.engine.host, reference, gigabytes * 1e9)
    const vendor = new Side(program, data, target.engine.host)
    note('sealift publish', await peakMemory(vendor.argv('publish', template, '--images', 'engine'), vendor.env))
  } finally {
    await target.remove()
  }
  const bundle = bundleOf(work, gigabytes)
  const fingerprint = await new Side(program, data).fingerprint()
  for (let round = 0; round < repetitions; round++) {
    for (const [name, from] of [
      ['sealift', program],
      ['./sealift', checkoutProgram],
    ] as const) {
      const vendor = new Side(from, data)
      note(`${name} export`, await peakMemory(vendor.argv('export', 'synthetic@1.0.0', '--out', bundle, '--overwrite')))
      const site = new Side(from, join(work, 'site'))
      note(`${name} import`, await peakMemory(site.argv('import', bundle, '--trust', fingerprint)))
      site.remove()
    }
  }
  new Side(program, data).remove()
  return peaks
}

async function load(host: string, reference: string, bytes: number): Promise<void> {
  const child = spawn('docker', ['--host', host, 'load', '--quiet'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject))
  await pipeline(Readable.from(syntheticArchive(reference, bytes), { objectMode: false }), child.stdin)
  if ((await ended) !== 0) throw new Error('docker load did not take the synthetic image')
}

function memorySection(found: readonly Peaks[]): Section {
  const largest = found.at(-1) as Peaks
  const outcomes = ['sealift export', 'sealift import', './sealift export', './sealift import', 'sealift publish'].flatMap((what): Outcome[] => {
    const all = found.flatMap(({ peaks }) => peaks.get(what) ?? [])
    const medians = found.map(({ peaks }) => spreadOf(peaks.get(what) ?? []).median)
    const rise = (medians.at(-1) ?? 0) - (medians[0] ?? 0)
    return [
      { what: `${what}, all sizes`, unit: 'MB', value: spreadOf(all), aim: `at most ${LIMIT}`, met: Math.max(...all) < LIMIT },
      {
        what: `${what}: ${largest.gigabytes} GB against ${found[0]?.gigabytes} GB, rise`,
        unit: 'MB',
        value: spreadOf([rise]),
        aim: `less than ${FLAT}`,
        met: rise < FLAT,
      },
    ]
  })
  return {
    title: 'Peak memory',
    notes: [
      'The most resident memory of the whole process, as the kernel counts it (VmHWM), with the runtime, for one image of eight layers, compressible about 3 to 1.',
      '“sealift” is the one self-contained file, “./sealift” runs the TypeScript of the checkout. A median above the limit in any size counts as not met, and so does a maximum.',
    ],
    outcomes,
    figures: found.flatMap(({ gigabytes, peaks }) =>
      [...peaks].map(([what, values]) => ({ what: `${what}, ${gigabytes} GB`, unit: 'MB' as const, value: spreadOf(values) })),
    ),
  }
}

async function measureInspect(work: string, program: string, sizes: readonly number[], repetitions: number): Promise<Section> {
  const name = (gigabytes: number): string => `sealift inspect, ${gigabytes} GB`
  const times = await interleave(
    sizes.map((gigabytes) => ({
      name: name(gigabytes),
      run: async () => void (await must([program, '--data', join(work, 'nowhere'), '--json', 'inspect', bundleOf(work, gigabytes)])),
    })),
    { repetitions },
  )
  const [smallest = 0] = sizes
  const largest = sizes.at(-1) ?? 0
  const base = times.get(name(smallest)) ?? []
  const value = spreadOf((times.get(name(largest)) ?? []).map((seconds, round) => seconds / (base[round] ?? Number.NaN)))
  return {
    title: 'Looking into a bundle',
    notes: ['Whole commands. Inspect reads the head of a bundle, never its content.'],
    outcomes: [{ what: `inspect: ${largest} GB takes as long as ${smallest} GB`, unit: '×', value, aim: '1.1 or less', met: value.median <= 1.1 }],
    figures: secondsOf(times),
  }
}
