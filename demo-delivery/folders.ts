import { join } from 'node:path'

/** The name of the site that `--keep` leaves. */
export const KEPT = 'demo'

/** What a demo's two sides have outside of the site's root folder: the vendor's data, and the stick. */
export function workFolder(site: string): string {
  return join('/var/tmp/sealift-demo', site)
}
