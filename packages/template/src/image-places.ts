import type { Path } from './problem.ts'
import type { Template } from './schema/template.ts'

/** A place of a template that names an image. */
export interface ImagePlace {
  readonly path: Path
  readonly image: string
}

/** Every place that names an image: components, init containers, hooks, checks, plugins. */
export function* imagePlaces(template: Template): Generator<ImagePlace> {
  for (const [position, { image, initContainers, hooks }] of template.components.entries()) {
    const path = ['components', position]
    if (image !== undefined) yield { path: [...path, 'image'], image }
    for (const [at, init] of (initContainers ?? []).entries())
      if (init.image !== undefined) yield { path: [...path, 'initContainers', at, 'image'], image: init.image }
    for (const [moment, hook] of Object.entries(hooks ?? {}))
      if (hook.image !== undefined) yield { path: [...path, 'hooks', moment, 'image'], image: hook.image }
  }
  for (const [position, { image }] of (template.checks ?? []).entries()) yield { path: ['checks', position, 'image'], image }
  for (const [position, { image }] of (template.plugins ?? []).entries()) yield { path: ['plugins', position, 'image'], image }
}
