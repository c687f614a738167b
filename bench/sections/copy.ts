import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../testbed/src/command.ts'
import { copyFolderHashed, copyHashed } from '../baseline/copy-hashed.ts'
import type { Context } from '../context.ts'
import { interleave } from '../measure/interleave.ts'
import { warm } from '../measure/warm.ts'
import { rateOf, secondsOf, speedAgainst } from '../report/compare.ts'
import type { Section } from '../report/section.ts'
import { exportInProcess, importInProcess } from '../sealift/in-process.ts'
import { checkoutProgram, Side } from '../sealift/program.ts'

const AIM = 0.8
const COPY = join(import.meta.dirname, '../baseline/main.ts')

/** Export and import of the example against a copy with sha256 of the same plain bytes. */
export async function measureCopy({ options, folder, program, material, say }: Context): Promise<Section[]> {
  const { vendor, fingerprint, release, template, bundle, content, layout, tar, images } = await material()
  const repetitions = options.quick ? 3 : 9
  const blobs = join(layout, 'blobs', 'sha256')
  const out = join(folder, 'out')
  const store = join(vendor.data, 'content')
  const remove = async (): Promise<void> => rmSync(out, { recursive: true, force: true })
  const checkout = new Side(checkoutProgram, vendor.data)
  const site = new Side(program, join(out, 'site'))
  const checkoutSite = new Side(checkoutProgram, join(out, 'site'))
  const makeOut = async (): Promise<void> => mkdirSync(out)
  const importing = ['import', bundle, '--trust', fingerprint]
  const carried = statSync(bundle).size

  say('export against copying')
  for (const path of [tar, bundle, blobs, store]) warm(path)
  const subject = (name: string, run: () => Promise<unknown>, before?: () => Promise<void>) => ({
    name,
    run: async () => void (await run()),
    after: remove,
    ...(before === undefined ? {} : { before }),
  })
  const exports = await interleave(
    [
      subject('copy, in one process', () => copyHashed(tar, out)),
      subject('export, in one process', () => exportInProcess(content, store, out)),
      subject('copy, whole command', () => must([process.execPath, COPY, 'file', tar, out])),
      subject('sealift export, whole command', () => vendor.run('export', release, '--out', out)),
      subject('./sealift export, from the checkout', () => checkout.run('export', release, '--out', out)),
    ],
    { repetitions },
  )
  say('import against copying')
  const imports = await interleave(
    [
      subject('copy, in one process', () => copyFolderHashed(blobs, out)),
      subject('import, in one process', () => importInProcess(bundle, out)),
      subject('copy, whole command', () => must([process.execPath, COPY, 'folder', blobs, out])),
      subject('sealift import, whole command', () => site.run(...importing), makeOut),
      subject('./sealift import, from the checkout', () => checkoutSite.run(...importing), makeOut),
    ],
    { repetitions },
  )
  say('publishing, and starting')
  const published = new Side(program, join(out, 'vendor'), vendor.env.DOCKER_HOST)
  const publishing = await interleave(
    [
      subject('sealift publish, from the engine', () => published.run('publish', template), makeOut),
      subject('docker save into nothing', () => must(['bash', '-c', `docker save ${images.join(' ')} >/dev/null`], { env: vendor.env })),
    ],
    { repetitions: options.quick ? 1 : 3, warmUp: 0 },
  )
  const starting = await interleave(
    [
      subject('sealift --version', () => must([program, '--version'])),
      subject('./sealift --version, from the checkout', () => must([checkoutProgram, '--version'])),
      subject('sealift releases', () => vendor.run('releases')),
      subject('the runtime alone', () => must([process.execPath, '--eval', '0'])),
    ],
    { repetitions },
  )
  const rates = (times: typeof exports): Section['figures'] => [...secondsOf(times), ...[...times.keys()].map((name) => rateOf(times, name, content.size))]
  const bytes = `${(content.size / 1e6).toFixed(0)} MB of plain content in ${content.blobs} blobs; the bundle has ${(carried / 1e6).toFixed(0)} MB`
  const yardstick = 'pieces of 4 MiB, sha256 in the same loop, fdatasync in the background for every 128 MiB and at the end, a rename, the folder synced'
  return [
    {
      title: 'Export of the example, against a copy with sha256',
      notes: [
        `${bytes}. The copy is of one tar with the plain content: ${yardstick}.`,
        'Export does the same syncs. All that is read is in the page cache on both sides, and nothing else waits to be written when a run begins.',
        '“In one process” is the work alone, in a program that runs already; “whole command” begins and ends with the process. “sealift” is the one self-contained file; “./sealift” runs the TypeScript of the checkout.',
      ],
      outcomes: [
        speedAgainst(exports, 'export, in one process', 'copy, in one process', AIM),
        speedAgainst(exports, 'sealift export, whole command', 'copy, whole command', AIM),
        speedAgainst(exports, './sealift export, from the checkout', 'copy, whole command', AIM),
      ],
      figures: rates(exports),
    },
    {
      title: 'Import of the example, against a copy with sha256',
      notes: [
        'The copy is of the same content as the files of an OCI layout, each file made durable by itself, as an import makes its blobs: fdatasync, a rename, the folder synced.',
        'Import reads and hashes the compressed blocks, decodes them, hashes the plain bytes, and writes the compressed ones.',
      ],
      outcomes: [
        speedAgainst(imports, 'import, in one process', 'copy, in one process', AIM),
        speedAgainst(imports, 'sealift import, whole command', 'copy, whole command', AIM),
        speedAgainst(imports, './sealift import, from the checkout', 'copy, whole command', AIM),
      ],
      figures: rates(imports),
    },
    {
      title: 'Publication, where compression happens, and starting',
      notes: [
        'Compression happens once, when a release is published; it is in none of the other figures. The engine takes its part of the time, shown beside it.',
      ],
      outcomes: [],
      figures: [...secondsOf(publishing), rateOf(publishing, 'sealift publish, from the engine', content.size), ...secondsOf(starting)],
    },
  ]
}
