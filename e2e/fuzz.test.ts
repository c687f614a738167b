import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fuzz } from './fuzz/fuzz.ts'

/** Hostile bundles in a run; the other readers get their share. */
const COUNT = 20_000

it(`stands ${COUNT} hostile bundles, and hostile archives, templates, releases and trust roots`, async () => {
  const seed = process.env.SEALIFT_FUZZ_SEED ?? String(randomInt(1_000_000))
  console.log(`again with: npm run fuzz -- --seed ${seed}`)
  const { findings, results } = await fuzz({ seed, count: COUNT, keep: join(import.meta.dirname, '../.cache/fuzz') })
  expect(findings).toEqual([])
  const total = (reader: string): number => Object.values(results[reader] ?? {}).reduce((sum, cases) => sum + cases, 0)
  expect(total('bundles')).toBe(COUNT)
  // Cases that are all refused in the first line of a reader would try nothing behind it.
  for (const code of [
    'accepted',
    'BUNDLE_DAMAGED',
    'BUNDLE_INCOMPLETE',
    'BUNDLE_INVALID',
    'RELEASE_INVALID',
    'SIGNATURE_INVALID',
    'TRUST_ROOT_INVALID',
    'MANIFEST_INVALID',
  ]) {
    expect(results.bundles).toHaveProperty(code)
  }
  for (const reader of ['archives', 'templates', 'releases', 'trust roots']) expect(total(reader)).toBeGreaterThan(1000)
})
