import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'

/**
 * Stops containers gracefully and removes them, one after the other.
 * @param grace seconds until one is killed; without it as each was made
 */
export async function removeContainers(engine: EngineClient, containers: readonly ContainerDetails[], grace?: number): Promise<void> {
  for (const { Id, State } of containers) {
    if (State.Paused) await engine.unpauseContainer(Id)
    if (State.Running || State.Restarting) await engine.stopContainer(Id, grace === undefined ? undefined : Math.ceil(grace))
    await engine.removeContainer(Id)
  }
}

/** Gives a container its name, which one that was removed may have had until now. */
export async function useName(engine: EngineClient, container: string, name: string): Promise<void> {
  const details = await engine.inspectContainer(container)
  if (details !== undefined && details.Name.replace(/^\//, '') !== name) await engine.renameContainer(container, name)
}
