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

/** The template with every image's text replaced, in all the places of {@link imagePlaces}. */
export function mapImages(template: Template, replace: (image: string) => string): Template {
  const of = <Owner extends { image?: string }>(owner: Owner): Owner => (owner.image === undefined ? owner : { ...owner, image: replace(owner.image) })
  return {
    ...template,
    components: template.components.map((component) => ({
      ...of(component),
      ...(component.initContainers === undefined ? {} : { initContainers: component.initContainers.map(of) }),
      ...(component.hooks === undefined ? {} : { hooks: Object.fromEntries(Object.entries(component.hooks).map(([moment, hook]) => [moment, of(hook)])) }),
    })),
    ...(template.checks === undefined ? {} : { checks: template.checks.map(of) }),
    ...(template.plugins === undefined ? {} : { plugins: template.plugins.map(of) }),
  }
}
