import type { WantedComponent } from '@sealift/deploy/wanted-component.ts'
import { type EngineSettings, pluginSpec } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { pluginName } from './names.ts'
import { hashOf, partOf, type Replica } from './replica.ts'

/** The containers of plugins that are as wanted, by plugin. */
export function keptPlugins(
  { plugins = [] }: WantedComponent,
  found: Replica,
  isUsable: (container: ContainerDetails) => boolean,
): ReadonlyMap<string, ContainerDetails> {
  const kept = new Map<string, ContainerDetails>()
  for (const { name, hash } of plugins) {
    const container = found.plugins.find((container) => partOf(container) === name && hashOf(container) === hash && isUsable(container))
    if (container !== undefined) kept.set(name, container)
  }
  return kept
}

/**
 * Makes and starts the plugins of a replica whose holder runs. Those that are there are left alone.
 * @param isInPlace whether one that runs also is in the network of the holder as that is now
 * @returns whether anything was done
 */
export async function ensurePlugins(
  engine: EngineClient,
  settings: EngineSettings,
  wanted: WantedComponent,
  index: number,
  holder: string,
  kept: ReadonlyMap<string, ContainerDetails>,
  isInPlace: (container: ContainerDetails) => boolean = () => true,
): Promise<boolean> {
  let changed = false
  for (const plugin of wanted.plugins ?? []) {
    const there = kept.get(plugin.name)
    if (there !== undefined && (there.State.Running || there.State.Restarting) && !there.State.Paused && isInPlace(there)) continue
    changed = true
    if (there !== undefined) await engine.removeContainer(there.Id)
    const container = await engine.createContainer(
      pluginName(wanted.installation, wanted.name, index, plugin.name),
      pluginSpec(wanted, index, plugin, holder, settings),
    )
    await engine.startContainer(container)
  }
  return changed
}
