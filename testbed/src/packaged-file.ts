import { join } from 'node:path'
import { must } from './command.ts'

const checkout = join(import.meta.dirname, '../..')

/** The one self-contained file for this machine's processor, as sites get it; made from the checkout as it is now. */
export async function packagedSealift(): Promise<string> {
  const target = `linux-${process.arch}`
  await must([process.execPath, join(checkout, 'scripts/package.ts'), target])
  return join(checkout, 'dist', `sealift-${target}`)
}
