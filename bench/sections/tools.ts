import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../testbed/src/command.ts'
import type { Context } from '../context.ts'
import { startEmptyEngine } from '../delivery/empty-engine.ts'
import { blobBytes } from '../material.ts'
import { interleave, type Subject } from '../measure/interleave.ts'
import { spreadOf } from '../measure/spread.ts'
import { warm } from '../measure/warm.ts'
import { secondsOf, speedAgainst } from '../report/compare.ts'
import type { Section } from '../report/section.ts'
import { Side } from '../sealift/program.ts'

/** Export and import against what people use by hand, and the sizes of what is carried. */
export async function measureTools(context: Context, parts: { readonly speed: boolean; readonly size: boolean }): Promise<Section[]> {
  const { folder, material, say } = context
  const { layout, names } = await material()
  say('making a layout with gzip layers')
  const zipped = join(folder, 'zipped')
  for (const name of names) await must(['skopeo', 'copy', '--quiet', `oci:${layout}:${name}`, `oci:${zipped}:${name}`])
  const archives = join(folder, 'archives')
  mkdirSync(archives)
  try {
    const sections = parts.speed ? await measureSpeed(context, zipped, archives) : []
    if (parts.size) sections.push(await measureSize(context, zipped, archives))
    return sections
  } finally {
    for (const path of [zipped, archives]) rmSync(path, { recursive: true, force: true })
  }
}

const archiveOf = (archives: string, position: number): string => join(archives, `${position}.tar`)

/** Writes every image of a layout as an archive of its own, which is what an OCI archive can hold. */
async function writeArchives(layout: string, names: readonly string[], archives: string): Promise<void> {
  for (const [position, name] of names.entries()) {
    await must(['skopeo', 'copy', '--quiet', `oci:${layout}:${name}`, `oci-archive:${archiveOf(archives, position)}:${name}`])
    await must(['sync', archiveOf(archives, position)])
  }
}

async function measureSpeed({ options, folder, program, engine, material, say }: Context, zipped: string, archives: string): Promise<Section[]> {
  const { vendor, fingerprint, release, images, layout, bundle, names, content } = await material()
  const rounds = { repetitions: options.quick ? 1 : 5, warmUp: options.quick ? 0 : 1 }
  const out = join(folder, 'out')
  const docker = (host: string, ...words: readonly string[]): Promise<string> => must(['docker', '--host', host, ...words])
  const carriedBySkopeo = await plainBytesOfAll(layout)
  const empty = async (path: string): Promise<void> => {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path)
  }
  const reset = (): Promise<void> => empty(out)

  say('export against docker save and skopeo')
  for (const path of [layout, zipped, join(vendor.data, 'content')]) warm(path)
  const ours = 'sealift export'
  const save = 'docker save'
  const copyOut = 'skopeo copy, gzip layers'
  const packOut = 'skopeo copy, plain layers (it compresses)'
  const subject = (name: string, run: () => Promise<unknown>): Subject => ({ name, before: reset, run: async () => void (await run()) })
  const exports = await interleave(
    [
      subject(ours, () => vendor.run('export', release, '--out', join(out, 'x.sealift'))),
      subject(save, async () => {
        await docker(engine.host, 'save', '--output', join(out, 'x.tar'), ...images)
        await must(['sync', join(out, 'x.tar')])
      }),
      subject(copyOut, () => writeArchives(zipped, names, out)),
      subject(packOut, () => writeArchives(layout, names, out)),
    ],
    rounds,
  )

  say('import against docker load and skopeo')
  const saved = join(folder, 'saved.tar')
  await docker(engine.host, 'save', '--output', saved, ...images)
  await writeArchives(zipped, names, archives)
  const target = await startEmptyEngine(folder, 'load')
  try {
    for (const path of [saved, archives, bundle]) warm(path)
    const site = new Side(program, join(out, 'site'))
    const taking = 'sealift import'
    const load = 'docker load'
    const copyIn = 'skopeo copy into a layout'
    const imports = await interleave(
      [
        subject(taking, () => site.run('import', bundle, '--trust', fingerprint)),
        {
          name: load,
          run: async () => void (await target.engine.docker('load', '--quiet', '--input', saved)),
          after: async () => void (await target.engine.docker('image', 'rm', '--force', ...images)),
        },
        subject(copyIn, async () => {
          const to = join(out, 'layout')
          for (const [position, name] of names.entries()) {
            await must(['skopeo', 'copy', '--quiet', `oci-archive:${archiveOf(archives, position)}:${name}`, `oci:${to}:${name}`])
          }
          const blobs = join(to, 'blobs', 'sha256')
          await must(['sync', ...readdirSync(blobs).map((name) => join(blobs, name)), blobs])
        }),
      ],
      rounds,
    )
    const perByte: readonly [number, number] = [content.size, carriedBySkopeo]
    const each = `skopeo writes one archive for each of the ${names.length} images, and so the layers that they share several times`
    return [
      {
        title: 'Export of the example, against docker save and skopeo',
        notes: [
          'Whole commands. The files that docker save and skopeo write are synced too, and all that is read is in the page cache, but for what the engine reads.',
          `${each}: ${(carriedBySkopeo / 1e6).toFixed(0)} MB of plain content where a bundle has ${(content.size / 1e6).toFixed(0)}. “per plain byte” makes that good.`,
          'From plain layers skopeo compresses on the way; from gzip layers it copies what was compressed beforehand, as an export does.',
        ],
        outcomes: [
          speedAgainst(exports, ours, save, 1),
          speedAgainst(exports, ours, copyOut, 1),
          perPlainByte(speedAgainst(exports, ours, copyOut, 1, perByte)),
          speedAgainst(exports, ours, packOut, 1),
          perPlainByte(speedAgainst(exports, ours, packOut, 1, perByte)),
        ],
        figures: secondsOf(exports),
      },
      {
        title: 'Import of the example, against docker load and skopeo',
        notes: [
          'Whole commands, each into an empty store. The blobs that skopeo writes are synced; docker load does what syncs the engine does.',
          'Import checks every plain byte against its digest. skopeo copies the gzip layers without a look into them, each that images share once.',
        ],
        outcomes: [speedAgainst(imports, taking, load, 1), speedAgainst(imports, taking, copyIn, 1)],
        figures: secondsOf(imports),
      },
    ]
  } finally {
    await target.remove()
    for (const path of [saved, out]) rmSync(path, { recursive: true, force: true })
  }
}

const perPlainByte = <Named extends { readonly what: string }>(outcome: Named): Named => ({ ...outcome, what: `${outcome.what}, per plain byte` })

/** Plain bytes of all layers of all images of a layout, those that images share as often as they are used. */
async function plainBytesOfAll(layout: string): Promise<number> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await must(['cat', join(layout, path)])) as unknown
  const index = (await read('index.json')) as { readonly manifests: readonly { readonly digest: string }[] }
  let sum = 0
  for (const { digest } of index.manifests) {
    const { layers } = (await read(`blobs/${digest.replace(':', '/')}`)) as { readonly layers: readonly { readonly size: number }[] }
    sum += layers.reduce((total, { size }) => total + size, 0)
  }
  return sum
}

async function measureSize({ material }: Context, zipped: string, archives: string): Promise<Section> {
  const { bundle, names } = await material()
  if (readdirSync(archives).length === 0) await writeArchives(zipped, names, archives)
  const once = await blobBytes(zipped)
  const all = names.reduce((sum, _, position) => sum + statSync(archiveOf(archives, position)).size, 0)
  const own = statSync(bundle).size
  const exactly = (value: number): ReturnType<typeof spreadOf> => spreadOf([value])
  return {
    title: 'Size of a whole bundle, against skopeo’s gzip OCI archives',
    notes: [
      'The same images. “Each layer once” is the sum of the blobs of one OCI layout into which skopeo copied all images with gzip: less than any archives of them can have.',
    ],
    outcomes: [{ what: 'bundle: as large as skopeo’s gzip blobs, each layer once', unit: '×', value: exactly(own / once), aim: '1 or less', met: own <= once }],
    figures: [
      { what: 'bundle', unit: 'MB', value: exactly(own / 1e6) },
      { what: 'skopeo’s gzip blobs, each layer once', unit: 'MB', value: exactly(once / 1e6) },
      { what: `skopeo’s ${names.length} OCI archives`, unit: 'MB', value: exactly(all / 1e6) },
    ],
  }
}
