import type { EngineClient } from './engine-client.ts'
import { Label, labelFilter } from './labels.ts'
import { removeNetwork } from './network.ts'
import { removeReplica } from './pod.ts'
import { findReplicas } from './replica.ts'
import { removeVolumes } from './volumes.ts'

/** Removes all containers of an installation, its network, and its volumes if told to. */
export async function removeInstallation(engine: EngineClient, installation: string, { deleteData }: { readonly deleteData: boolean }): Promise<void> {
  await Promise.all((await findReplicas(engine, installation)).map((replica) => removeReplica(engine, replica)))
  // One-off containers that a killed program left.
  for (const { Id } of await engine.listContainers(labelFilter({ [Label.installation]: installation }))) await engine.removeContainer(Id)
  await removeNetwork(engine, installation)
  if (deleteData) await removeVolumes(engine, installation)
}
