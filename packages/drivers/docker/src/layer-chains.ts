import type { Digest } from '@sealift/oci/digest.ts'

/**
 * The layers that an engine surely has for all of the wanted images. An engine knows a layer by the
 * whole chain below it, so one counts only where each wanted image that holds it begins with the same
 * layers as some image that is there.
 */
export function layersToOmit(wanted: readonly (readonly Digest[])[], present: readonly (readonly string[])[]): ReadonlySet<Digest> {
  const chains = new Set<string>()
  for (const layers of present) for (let end = 1; end <= layers.length; end++) chains.add(layers.slice(0, end).join())
  const omit = new Set<Digest>()
  const needed = new Set<Digest>()
  for (const layers of wanted) {
    for (const [position, layer] of layers.entries()) (chains.has(layers.slice(0, position + 1).join()) ? omit : needed).add(layer)
  }
  return new Set([...omit].filter((layer) => !needed.has(layer)))
}
