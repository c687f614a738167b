import type { WantedComponent, WantedInitContainer } from '@sealift/deploy/wanted-component.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { endOf, lastOutput } from './container-end.ts'
import { type EngineSettings, initSpec } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { putFiles } from './files.ts'
import { initName } from './names.ts'
import { hashOf, partOf } from './replica.ts'

/** Characters of what a failed init container printed that its error shows. */
const SHOWN_OUTPUT = 2000
/** Seconds. */
const DEFAULT_TIMEOUT = 300

interface InitRequest {
  readonly wanted: WantedComponent
  readonly index: number
  readonly holder: string
  /** Init containers that are there. */
  readonly found: readonly ContainerDetails[]
  readonly signal: AbortSignal | undefined
}

/**
 * Runs the init containers of a replica to their end, in their order, and removes them. One that an
 * earlier try of the same replica ran to its good end is not run again; one that still runs is waited for.
 * @throws SealiftError `INIT_FAILED`; the container stays, to be looked at, until the next try
 */
export async function runInitContainers(engine: EngineClient, settings: EngineSettings, request: InitRequest): Promise<void> {
  const { wanted, holder, found } = request
  const isOfThisTry = (container: ContainerDetails): boolean =>
    hashOf(container) === wanted.hash && container.HostConfig.NetworkMode === `container:${holder}` && container.State.Status !== 'created'
  const usable = found.filter((container) => isOfThisTry(container) && (container.State.Running || container.State.ExitCode === 0))
  for (const { Id } of found) if (!usable.some((container) => container.Id === Id)) await engine.removeContainer(Id)
  const deadline = Date.now() + (wanted.initTimeout ?? DEFAULT_TIMEOUT) * 1000
  const ran: string[] = []
  for (const init of wanted.initContainers ?? []) {
    ran.push(
      await runOne(
        engine,
        settings,
        request,
        init,
        usable.find((container) => partOf(container) === init.name),
        deadline,
      ),
    )
  }
  for (const container of [...ran, ...usable.map(({ Id }) => Id)]) await engine.removeContainer(container)
}

async function runOne(
  engine: EngineClient,
  settings: EngineSettings,
  { wanted, index, holder, signal }: InitRequest,
  init: WantedInitContainer,
  found: ContainerDetails | undefined,
  deadline: number,
): Promise<string> {
  signal?.throwIfAborted()
  if (found !== undefined && !found.State.Running) return found.Id
  let container = found?.Id
  if (container === undefined) {
    container = await engine.createContainer(initName(wanted.installation, wanted.name, index, init.name), initSpec(wanted, index, init, holder, settings))
    await putFiles(engine, container, wanted.files)
    await engine.startContainer(container)
  }
  const exitCode = await endOf(engine, container, Math.max(1, (deadline - Date.now()) / 1000), signal)
  if (exitCode === 0) return container
  const output = (await lastOutput(engine, container)).trim().slice(-SHOWN_OUTPUT)
  const what = exitCode === undefined ? `did not end within ${wanted.initTimeout ?? DEFAULT_TIMEOUT} seconds` : `ended with ${exitCode}`
  const shown = output === '' ? '' : `; the last it printed:\n${output.replaceAll(/^/gm, '  ')}`
  throw new SealiftError('INIT_FAILED', `component ${wanted.name}, replica ${index}: init container ${init.name} ${what}${shown}`, {
    details: { component: wanted.name, initContainer: init.name, ...(exitCode === undefined ? {} : { exitCode }) },
  })
}
