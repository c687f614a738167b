import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { type EngineClient, isEngineStatus } from './engine-client.ts'
import { Label } from './labels.ts'
import { networkName } from './names.ts'

/** Makes an installation's network, in which its components find one another by name. */
export async function ensureNetwork(engine: EngineClient, installation: string): Promise<void> {
  const name = networkName(installation)
  if ((await engine.findNetwork(name)) !== undefined) return
  try {
    await engine.createNetwork(name, { [Label.installation]: installation })
  } catch (thrown) {
    // Made by someone else between the two requests.
    if (isEngineStatus(thrown, 409)) return
    if (isSealiftError(thrown, 'ENGINE_FAILED') && /address pool/i.test(thrown.message)) {
      throw new SealiftError('ENGINE_FAILED', `network ${name}: ${thrown.message}`, {
        cause: thrown,
        details: thrown.details,
        hint: "Remove networks that nothing uses ('docker network prune'), or give the engine more addresses ('default-address-pools' in its configuration).",
      })
    }
    throw thrown
  }
}

/** Removes an installation's network once its containers are gone. */
export async function removeNetwork(engine: EngineClient, installation: string): Promise<void> {
  const network = await engine.findNetwork(networkName(installation))
  if (network?.Labels?.[Label.installation] === installation) await engine.removeNetwork(network.Id)
}
