import type { PinnedImage } from '../pinned-image.ts'
import { componentImages } from '../state.ts'
import type { Step } from './plan.ts'
import type { Scope, StepInput } from './steps.ts'

/** The steps that transfer images, and which of them a component needs. */
export interface ImageSteps {
  readonly steps: readonly Step[]
  /** The steps after which a component has its images, where it need not wait for all. */
  of(component: string): readonly string[]
}

/**
 * Transfers the images of what a change touches. A new installation gets them in the order in which its
 * components start, so that the first ones start while the others' images are still on their way; before
 * a change of something that runs, all are there.
 * @param others images of hooks and checks
 */
export function imageSteps({ previous, next }: StepInput, { affected, wave }: Scope, others: readonly PinnedImage[]): ImageSteps {
  const imagesOf = (name: string): readonly PinnedImage[] => {
    const component = next.components[name]
    return component === undefined ? [] : componentImages(component)
  }
  if (previous !== null) {
    const images = distinct([...affected.flatMap(imagesOf), ...others])
    return { steps: [{ id: 'images', after: [], kind: 'images', images }], of: () => [] }
  }
  const groups = new Map<string, { readonly wave: number; readonly image: PinnedImage }>()
  for (const name of affected) {
    for (const image of imagesOf(name)) {
      const known = groups.get(image.localName)
      if (known === undefined || known.wave > (wave.get(name) ?? 0)) groups.set(image.localName, { wave: wave.get(name) ?? 0, image })
    }
  }
  const last = Math.max(0, ...[...groups.values()].map((group) => group.wave))
  for (const image of others) if (!groups.has(image.localName)) groups.set(image.localName, { wave: last, image })
  const byWave = Map.groupBy(groups.values(), (group) => group.wave)
  const steps: Step[] = []
  for (const number of [...byWave.keys()].toSorted((a, b) => a - b)) {
    const before = steps.at(-1)
    steps.push({
      id: `images ${number}`,
      after: before === undefined ? [] : [before.id],
      kind: 'images',
      images: (byWave.get(number) ?? []).map(({ image }) => image),
    })
  }
  return {
    steps,
    of: (name) => [...new Set(imagesOf(name).map(({ localName }) => `images ${groups.get(localName)?.wave ?? 0}`))],
  }
}

function distinct(images: readonly PinnedImage[]): readonly PinnedImage[] {
  return [...new Map(images.map((image) => [image.localName, image])).values()]
}
