import { digestOf, hexOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from '../engine-client.ts'
import { isPodman, type Mount } from '../engine-types.ts'
import { ensureProgramImage } from '../images.ts'
import { Label, type Role } from '../labels.ts'
import { demultiplex } from '../multiplexed-stream.ts'
import { onceName } from '../names.ts'
import { type CopierTally, parseCopierLine } from './copier-output.ts'
import { createVolumeCopierImage } from './volume-copier-image.ts'

/** What reading and making files of any owner takes, and no more. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP']
const ROLE: Role = 'once'
/** What the copier ends with where the disk is full. */
const NO_SPACE = 28
/** Characters of the copier's complaint that an error shows. */
const COMPLAINT = 1000

/** One run of the volume copier. */
export interface CopierRun {
  readonly installation: string
  /** What it is about, so that a run that was cut off is found and ended. */
  readonly about: string
  readonly command: readonly string[]
  readonly mounts: readonly Mount[]
  readonly onDone?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/**
 * Runs the volume copier to its end in a container without a network.
 * @returns what it told, in order
 * @throws SealiftError `SNAPSHOT_FAILED` with its words; the signal's reason
 */
export async function runCopier(engine: EngineClient, { installation, about, command, mounts, onDone, signal }: CopierRun): Promise<readonly CopierTally[]> {
  const version = await engine.version()
  const image = await ensureProgramImage(engine, await createVolumeCopierImage(version.Arch))
  const name = copierName(installation, about)
  await engine.removeContainer(name)
  const container = await engine.createContainer(name, {
    Image: image,
    Cmd: command,
    Healthcheck: { Test: ['NONE'] },
    Labels: { [Label.installation]: installation, [Label.role]: ROLE },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: mounts,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: CAPABILITIES,
      SecurityOpt: ['no-new-privileges'],
      RestartPolicy: { Name: 'no' },
      // What it prints is its answer: a driver that keeps no logs would lose it.
      ...(isPodman(version) ? {} : { LogConfig: { Type: 'json-file', Config: {} } }),
    },
  })
  const kill = (): void => void engine.killContainer(container).catch(() => {})
  try {
    signal?.throwIfAborted()
    await engine.startContainer(container)
    signal?.addEventListener('abort', kill, { once: true })
    if (signal?.aborted) kill()
    const { tallies, complaint } = await readOutput(engine, container, onDone)
    const exitCode = await engine.waitContainer(container)
    signal?.throwIfAborted()
    if (exitCode === 0) return tallies
    throw new SealiftError('SNAPSHOT_FAILED', exitCode === NO_SPACE ? 'there is no space left where the engine keeps volumes' : complaint, {
      details: { exitCode, output: complaint },
    })
  } finally {
    signal?.removeEventListener('abort', kill)
    await engine.removeContainer(container)
  }
}

/** Ends a run that was cut off, if there is one. */
export async function endCopier(engine: EngineClient, installation: string, about: string): Promise<void> {
  await engine.removeContainer(copierName(installation, about))
}

function copierName(installation: string, about: string): string {
  return onceName(installation, `copy-${hexOf(digestOf(about)).slice(0, 16)}`)
}

async function readOutput(
  engine: EngineClient,
  container: string,
  onDone: ((bytes: number) => void) | undefined,
): Promise<{ readonly tallies: readonly CopierTally[]; readonly complaint: string }> {
  const tallies: CopierTally[] = []
  let complaint = ''
  let pending = ''
  for await (const { stream, data } of demultiplex(await engine.logs(container, { follow: true, timestamps: false }))) {
    if (stream === 'stderr') {
      complaint = `${complaint}${data.toString('utf8')}`.slice(0, COMPLAINT)
      continue
    }
    const lines = `${pending}${data.toString('utf8')}`.split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) {
      const told = parseCopierLine(line)
      if ('done' in told) onDone?.(told.done)
      else tallies.push(told)
    }
  }
  return { tallies, complaint: complaint.trim() }
}
