/** By what the driver finds again what it made, whatever process made it. */
export const Label = {
  installation: 'dev.sealift.installation',
  component: 'dev.sealift.component',
  replica: 'dev.sealift.replica',
  role: 'dev.sealift.role',
  workload: 'dev.sealift.workload',
  /** `WantedComponent.hash` */
  hash: 'dev.sealift.hash',
  /** The image's config digest. */
  image: 'dev.sealift.image',
  /** The hash of what the holder is made from. */
  pod: 'dev.sealift.pod',
  /** `RunOnce.key` */
  key: 'dev.sealift.key',
  /** On a snapshot: the volume that it was taken of. */
  snapshot: 'dev.sealift.snapshot',
  /** Which of a component's plugins or init containers it is. */
  part: 'dev.sealift.part',
  /** Which run of a component that runs by a schedule. */
  run: 'dev.sealift.run',
} as const

/** `holder` and `main` make a replica, `plugin` and `init` accompany it; `once` is a one-off container. */
export type Role = 'holder' | 'main' | 'plugin' | 'init' | 'once'

const OWN_PREFIX = 'dev.sealift.'

/** A vendor's labels without those that would pass for the driver's. */
export function foreignLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith(OWN_PREFIX)))
}

/** The engine's filter for everything that carries these labels. */
export function labelFilter(labels: Readonly<Record<string, string>>): { readonly label: readonly string[] } {
  return { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) }
}
