import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { must } from '../../testbed/src/command.ts'
import { insideNetns } from '../../testbed/src/netns.ts'
import type { Context } from '../context.ts'
import { type EmptyEngine, startEmptyEngine } from '../delivery/empty-engine.ts'
import { interleave, type Subject } from '../measure/interleave.ts'
import { warm } from '../measure/warm.ts'
import { secondsOf, speedAgainst } from '../report/compare.ts'
import type { Section } from '../report/section.ts'
import { Side } from '../sealift/program.ts'

const BY_HAND = join(import.meta.dirname, '../delivery/by-hand.ts')

/** From the file that was carried in to an application of which every part is healthy. */
export async function measureDelivery({ options, folder, program, engine, material, say }: Context): Promise<Section[]> {
  const { fingerprint, release, template, bundle, images } = await material()
  say('from bundle to healthy, against doing it by hand')
  const saved = join(folder, 'saved.tar')
  await must(['docker', '--host', engine.host, 'save', '--output', saved, ...images])
  const files = join(folder, 'by-hand')
  writeSiteFiles(dirname(template), files)
  let target: EmptyEngine | undefined
  const fresh = (archive: string) => async (): Promise<void> => {
    target = await startEmptyEngine(folder, 'delivery')
    warm(archive)
  }
  const remove = async (): Promise<void> => {
    await target?.remove()
    target = undefined
    new Side(program, join(folder, 'site')).remove()
  }
  const inside = async (argv: readonly string[], host: string): Promise<void> => {
    await must([...insideNetns(target?.netns ?? ''), ...argv], { env: { ...process.env, DOCKER_HOST: host } })
  }
  const withSealift: Subject = {
    name: 'sealift import and install',
    before: fresh(bundle),
    run: async () => {
      const host = target?.engine.host ?? ''
      const site = new Side(program, join(folder, 'site'))
      await inside(site.argv('import', bundle, '--trust', fingerprint), host)
      await inside(site.argv('install', release), host)
    },
    after: remove,
  }
  const byHand: Subject = {
    name: 'docker load and docker run',
    before: fresh(saved),
    run: async () => {
      const host = target?.engine.host ?? ''
      await inside([process.execPath, BY_HAND, host, saved, files], host)
    },
    after: remove,
  }
  try {
    const times = await interleave([withSealift, byHand], { repetitions: options.quick ? 1 : 5, warmUp: options.quick ? 0 : 1 })
    return [
      {
        title: 'From the file to an application that is healthy',
        notes: [
          'Each time on an engine with nothing in its store, started beforehand. Both end when every component passed its readiness probe and the acceptance check bought a book.',
          'By hand: docker load of what docker save wrote, then the same containers in the order of their dependencies, with the same probes at the same interval.',
        ],
        outcomes: [speedAgainst(times, withSealift.name, byHand.name, 1)],
        figures: secondsOf(times),
      },
    ]
  } finally {
    await remove()
    for (const path of [saved, files]) rmSync(path, { recursive: true, force: true })
  }
}

/** The config files of the example, as a site without Sealift would write them. */
function writeSiteFiles(folder: string, to: string): void {
  mkdirSync(to)
  copyFileSync(join(folder, 'files/database.cnf'), join(to, 'database.cnf'))
  writeFileSync(join(to, 'shop.json'), JSON.stringify({ name: 'Bookshop', domain: 'bookshop.local', reports: true }))
  writeFileSync(
    join(to, 'services.conf'),
    ['orders', 'catalog']
      .map((service) => `location /api/${service === 'orders' ? 'orders' : ''} {\n  set $${service} "http://${service}:8000";\n  proxy_pass $${service};\n}\n`)
      .join(''),
  )
}
