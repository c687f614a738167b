import type { Observed } from '@sealift/deploy/driver.ts'
import { replicaVolume, type WantedComponent, type WantedVolume } from '@sealift/deploy/wanted-component.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import type { Mount, VolumeDetails } from './engine-types.ts'
import { Label, labelFilter } from './labels.ts'

/**
 * Makes the persistent volumes of some replicas of a component that are not there yet.
 * @throws SealiftError `VOLUME_TAKEN` where one is labelled as another installation's
 */
export async function ensureVolumes(
  engine: EngineClient,
  wanted: Pick<WantedComponent, 'installation' | 'name' | 'volumes'>,
  replicas: readonly number[] = [0],
): Promise<void> {
  const persistent = wanted.volumes.filter(({ kind }) => kind === 'persistent')
  // A component without replicas has its volumes all the same.
  const names = new Set(persistent.flatMap((volume) => [volume.targetName, ...replicas.map((replica) => replicaVolume(volume, replica))]))
  for (const name of names) {
    const volume = await engine.inspectVolume(name)
    if (volume === undefined) {
      await engine.createVolume(name, { [Label.installation]: wanted.installation, [Label.component]: wanted.name })
      continue
    }
    const owner = volume.Labels?.[Label.installation]
    if (owner !== undefined && owner !== wanted.installation) {
      throw new SealiftError('VOLUME_TAKEN', `volume ${name} of component ${wanted.name} belongs to installation ${owner} already`)
    }
  }
}

/** The volumes as mounts of a replica's container. */
export function mountsOf(volumes: readonly WantedVolume[], replica = 0): readonly Mount[] {
  return volumes.map((volume) => {
    const { path, readOnly, kind, size } = volume
    return kind === 'memory'
      ? {
          Type: 'tmpfs',
          Target: path,
          ReadOnly: readOnly,
          // As /tmp: whatever user the image runs as may write.
          TmpfsOptions: { Mode: 0o1777, ...(size === undefined ? {} : { SizeBytes: size }) },
        }
      : { Type: 'volume', Source: replicaVolume(volume, replica), Target: path, ReadOnly: readOnly }
  })
}

/** The names of an installation's volumes, and of the snapshots of them. */
export async function listVolumes(engine: EngineClient, installation: string): Promise<Pick<Observed, 'volumes' | 'snapshots'>> {
  const found = await engine.listVolumes(labelFilter({ [Label.installation]: installation }))
  const isSnapshot = ({ Labels }: VolumeDetails): boolean => Labels?.[Label.snapshot] !== undefined
  const names = (volumes: readonly VolumeDetails[]): readonly string[] => volumes.map(({ Name }) => Name).toSorted()
  return { volumes: names(found.filter((volume) => !isSnapshot(volume))), snapshots: names(found.filter(isSnapshot)) }
}

/** Removes an installation's volumes and snapshots with their data. */
export async function removeVolumes(engine: EngineClient, installation: string): Promise<void> {
  const { volumes, snapshots } = await listVolumes(engine, installation)
  for (const name of [...volumes, ...snapshots]) await engine.removeVolume(name)
}
