import { mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { violation } from './layers/layer-rules.ts'
import { readImports } from './layers/read-imports.ts'

/*
 * Checks that imports between packages only point downwards, after proving with a planted violation
 * that the check can fail.
 */

const ROOT = join(import.meta.dirname, '..')
const CANARY = join(ROOT, 'packages/oci/src/layer-canary')

function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relative(ROOT, join(dirname(from), specifier))
  if (!specifier.startsWith('@sealift/')) return undefined
  return relative(ROOT, realpathSync(createRequire(from).resolve(specifier)))
}

function findViolations(): { readonly violations: readonly string[]; readonly modules: number } {
  const violations: string[] = []
  const sources = readdirSync(join(ROOT, 'packages'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.includes('node_modules') && name.includes('/src/'),
  )
  for (const name of sources) {
    const path = join(ROOT, 'packages', name)
    for (const specifier of readImports(path)) {
      const target = resolveImport(path, specifier)
      const why = target === undefined ? undefined : violation(relative(ROOT, path), target)
      if (why !== undefined) violations.push(`packages/${name} → ${target}: ${why}`)
    }
  }
  return { violations, modules: sources.length }
}

function withCanary<T>(work: () => T): T {
  mkdirSync(CANARY, { recursive: true })
  try {
    writeFileSync(join(CANARY, 'canary.ts'), "export { BLOCK_SIZE } from '@sealift/content/content-store.ts'\n")
    return work()
  } finally {
    rmSync(CANARY, { recursive: true })
  }
}

const planted = withCanary(findViolations)
if (!planted.violations.some((line) => line.startsWith('packages/oci/src/layer-canary/canary.ts → packages/content/src/content-store.ts'))) {
  console.error('the layer check did not find a violation that was planted: it proves nothing')
  process.exit(1)
}
const { violations, modules } = findViolations()
if (violations.length > 0) {
  console.error(`imports that point the wrong way:\n${violations.join('\n')}`)
  process.exit(1)
}
console.log(`layers: ${modules} modules, every import points downwards`)
