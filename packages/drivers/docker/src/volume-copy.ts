import type { VolumeCopy, VolumeRestore, VolumeTally, VolumeUsage } from '@sealift/deploy/volume-copy.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import type { Mount } from './engine-types.ts'
import { Label } from './labels.ts'
import type { CopierTally } from './volume-copier/copier-output.ts'
import { endCopier, runCopier } from './volume-copier/run-copier.ts'

/** Volumes that one run of the copier measures: an engine has a limit to what one container mounts. */
const AT_ONCE = 50

const mount = (volume: string, path: string, readOnly: boolean): Mount => ({
  Type: 'volume',
  Source: volume,
  Target: path,
  ReadOnly: readOnly,
  // The engine would fill an empty volume with what the image has at the path.
  VolumeOptions: { NoCopy: true },
})

/** What volumes take up; those that are not there are left out. */
export async function measureVolumes(engine: EngineClient, installation: string, volumes: readonly string[]): Promise<readonly VolumeUsage[]> {
  const there: string[] = []
  for (const volume of volumes) if ((await engine.inspectVolume(volume)) !== undefined) there.push(volume)
  const usages: VolumeUsage[] = []
  for (let first = 0; first < there.length; first += AT_ONCE) {
    const some = there.slice(first, first + AT_ONCE)
    const tallies = await runCopier(engine, {
      installation,
      about: 'measure',
      command: ['measure', ...some.map((_, position) => `/${position}`)],
      mounts: some.map((volume, position) => mount(volume, `/${position}`, true)),
    })
    for (const [position, volume] of some.entries()) {
      const tally = tallies[position]
      if (tally === undefined) throw new SealiftError('ENGINE_FAILED', `the volume copier told nothing of volume ${volume}`)
      const { bytes, stored, free, clones } = tally
      usages.push({ volume, bytes, stored, free, clones })
    }
  }
  return usages
}

/** Copies a volume into a snapshot of it. @throws SealiftError `SNAPSHOT_FAILED` */
export async function snapshot(engine: EngineClient, copy: VolumeCopy): Promise<VolumeTally> {
  return taken(await copyInto(engine, copy, { [Label.snapshot]: copy.from }))
}

/** Fills a volume from a snapshot. @throws SealiftError `SNAPSHOT_FAILED`, `SNAPSHOT_DAMAGED` */
export async function restore(engine: EngineClient, { tally, ...copy }: VolumeRestore): Promise<void> {
  const found = taken(await copyInto(engine, copy, {}))
  const sameContent = found.content === null || tally.content === null || found.content === tally.content
  if (found.tree === tally.tree && found.files === tally.files && sameContent) return
  await engine.removeVolume(copy.to)
  const what = found.files === tally.files ? 'other content' : `${found.files} files`
  throw new SealiftError(
    'SNAPSHOT_DAMAGED',
    `snapshot ${copy.from} of component ${copy.component} had ${tally.files} files when it was taken, and has ${what} now`,
  )
}

/** Removes a volume or a snapshot with its data. */
export async function removeVolume(engine: EngineClient, installation: string, volume: string): Promise<void> {
  const found = await engine.inspectVolume(volume)
  if (found === undefined) return
  assertOwn(installation, volume, found.Labels?.[Label.installation])
  await engine.removeVolume(volume)
}

function taken({ files, bytes, stored, tree, content }: CopierTally): VolumeTally {
  return { files, bytes, stored, tree, content }
}

async function copyInto(
  engine: EngineClient,
  { installation, component, from, to, progress, signal }: VolumeCopy,
  labels: Readonly<Record<string, string>>,
): Promise<CopierTally> {
  if ((await engine.inspectVolume(from)) === undefined) {
    throw new SealiftError('SNAPSHOT_FAILED', `component ${component}: volume ${from}, which is to be copied, is not there`)
  }
  // A copy that was cut off may still be under way: it ends before its volume is thrown away.
  await endCopier(engine, installation, to)
  await removeVolume(engine, installation, to)
  await engine.createVolume(to, { [Label.installation]: installation, [Label.component]: component, ...labels })
  try {
    const [tally] = await runCopier(engine, {
      installation,
      about: to,
      command: ['copy', '/from', '/to'],
      mounts: [mount(from, '/from', true), mount(to, '/to', false)],
      ...(progress === undefined ? {} : { onDone: progress }),
      ...(signal === undefined ? {} : { signal }),
    })
    if (tally === undefined) throw new SealiftError('ENGINE_FAILED', `the volume copier told nothing of volume ${from}`)
    progress?.(tally.bytes)
    return tally
  } catch (thrown) {
    // Half a copy only takes up space.
    await engine.removeVolume(to).catch(() => {})
    if (!isSealiftError(thrown, 'SNAPSHOT_FAILED')) throw thrown
    throw new SealiftError('SNAPSHOT_FAILED', `component ${component}: copying volume ${from} failed: ${thrown.message}`, {
      cause: thrown,
      details: thrown.details,
    })
  }
}

function assertOwn(installation: string, volume: string, owner: string | undefined): void {
  if (owner === installation) return
  throw new SealiftError(
    'VOLUME_TAKEN',
    `volume ${volume} belongs to ${owner === undefined ? 'no installation' : `installation ${owner}`}, not to ${installation}`,
  )
}
