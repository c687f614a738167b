import { replicaVolume, type WantedComponent } from '@sealift/deploy/wanted-component.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { endOf, lastOutput } from './container-end.ts'
import type { EngineSettings } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import { ensureProgramImage } from './images.ts'
import { Label, type Role } from './labels.ts'
import { onceName } from './names.ts'
import { ownProgram } from './own-program/own-program.ts'
import { createProgramImage } from './program-image.ts'

/** Rises when the program changes. */
const OWN_VERSION = 1
/** Seconds. A volume of millions of files takes minutes, once. */
const TIMEOUT = 3600
const ROLE: Role = 'once'

/**
 * Gives a replica's own persistent volumes to the component's group, before its program starts. What
 * has the group already is only looked at; volumes of other components are theirs to give.
 * @throws SealiftError `ENGINE_FAILED` where that is not possible
 */
export async function giveVolumesToGroup(engine: EngineClient, { logConfig }: EngineSettings, wanted: WantedComponent, index: number): Promise<void> {
  const { installation, name, fsGroup, volumes } = wanted
  const own = volumes.filter(({ kind, readOnly, targetName }) => kind === 'persistent' && !readOnly && targetName.startsWith(`${installation}.${name}.`))
  if (fsGroup === undefined || own.length === 0) return
  const { Arch } = await engine.version()
  const program = { path: 'own', content: ownProgram(Arch) }
  const image = await createProgramImage({ name: `sealift.local/own:${OWN_VERSION}-${Arch}`, architecture: Arch, program, user: '0:0' })
  const container = onceName(installation, `own-${index}-${name}`.slice(0, 63).replace(/-+$/, ''))
  await engine.removeContainer(container)
  const id = await engine.createContainer(container, {
    Image: await ensureProgramImage(engine, image),
    Cmd: [String(fsGroup), ...own.map((_, position) => `/volumes/${position}`)],
    Labels: { [Label.installation]: installation, [Label.component]: name, [Label.role]: ROLE },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: own.map((volume, position) => ({ Type: 'volume', Source: replicaVolume(volume, index), Target: `/volumes/${position}`, ReadOnly: false })),
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'FOWNER', 'FSETID', 'DAC_OVERRIDE'],
      SecurityOpt: ['no-new-privileges'],
      RestartPolicy: { Name: 'no' },
      ...(logConfig === undefined ? {} : { LogConfig: logConfig }),
    },
  })
  try {
    await engine.startContainer(id)
    const exitCode = await endOf(engine, id, TIMEOUT)
    if (exitCode === 0) return
    const why = exitCode === undefined ? `did not end within ${TIMEOUT} seconds` : `failed: ${(await lastOutput(engine, id)).trim()}`
    throw new SealiftError('ENGINE_FAILED', `giving the volumes ${own.map(({ name }) => name).join(', ')} to group ${fsGroup} ${why}`, {
      hint: 'Look whether the disk is full or read-only; then try again.',
    })
  } finally {
    await engine.removeContainer(id)
  }
}
