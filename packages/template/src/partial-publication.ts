import { posix } from 'node:path'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { checkTemplate } from './check-template.ts'
import { suggestion } from './did-you-mean.ts'
import { namesIn, parseExpression } from './expression.ts'
import { expressionPlaces } from './expression-places.ts'
import { mapImages } from './image-places.ts'
import { formatPath } from './problem.ts'
import { filesOf, imagesOf, type Release, type ReleaseFile, type ReleaseImage } from './release.ts'
import type { Template } from './schema/template.ts'

/** A template with its images and files pinned. */
export interface PinnedTemplate {
  readonly template: Template
  readonly images: Readonly<Record<string, ReleaseImage>>
  readonly files: Readonly<Record<string, ReleaseFile>>
}

/** What a partial publication makes of a template and its base. */
export interface PartialPublication extends PinnedTemplate {
  /** Components that are as in the base. */
  readonly kept: readonly string[]
  /** Components of the base that the template no longer has. */
  readonly dropped: readonly string[]
}

/**
 * The part of a template that is published anew: the components that were named, and all that belongs
 * to no component. Only its images and files are looked for.
 * @throws SealiftError `NAME_UNKNOWN` for a component that the template does not have, and for one that is neither named nor in the base
 */
export function publishedPart(template: Template, components: readonly string[], base: Release): Template {
  const all = template.components.map(({ name }) => name)
  for (const name of components) {
    if (!all.includes(name)) {
      throw new SealiftError('NAME_UNKNOWN', `the template of ${template.name} has no component ${JSON.stringify(name)}`, { hint: suggestion(name, all) })
    }
  }
  const before = new Set(base.template.components.map(({ name }) => name))
  const fresh = all.filter((name) => !components.includes(name) && !before.has(name))
  if (fresh.length > 0) {
    throw new SealiftError('NAME_UNKNOWN', `the base ${base.version} has no component ${fresh.join(', ')}, so there is nothing to take from it`, {
      hint: `Publish what is new too: --components ${[...components, ...fresh].join(',')}`,
      details: { components: fresh },
    })
  }
  return { ...template, components: template.components.filter(({ name }) => components.includes(name)) }
}

/**
 * A whole release's content out of the components that were published anew and those of a base. What
 * belongs to no component is the template's; what the base's components need of it, and the template
 * no longer has, comes from the base. Where both have something else under one name of an image or
 * file, the one that is published anew gets a longer name: what did not change keeps its own.
 * @param template the whole template
 * @param fresh the {@link publishedPart} of it, pinned
 * @throws SealiftError `TEMPLATE_INVALID` where the two don't fit together
 */
export function publishPartially(template: Template, fresh: PinnedTemplate, base: Release): PartialPublication {
  const published = new Set(fresh.template.components.map(({ name }) => name))
  const names = template.components.map(({ name }) => name)
  const kept = base.template.components.filter(({ name }) => !published.has(name) && names.includes(name))
  const { logo: _logo, release: _release, ...lasting } = base.template
  const old: Template = { ...lasting, components: kept }
  const renamed = renamedFiles(renamedImages(fresh, base, imagesOfComponents(old)), base, filesOf(old))
  const merged = withNeeded(
    {
      ...renamed.template,
      components: names.flatMap((name) => [...renamed.template.components, ...kept].find((component) => component.name === name) ?? []),
    },
    old,
  )
  const [problem] = checkTemplate(merged).filter(({ code }) => code === 'TEMPLATE_INVALID')
  if (problem !== undefined) {
    throw new SealiftError(
      'TEMPLATE_INVALID',
      `${template.name}: with the other components of ${base.version}: ${formatPath(problem.path)}: ${problem.message}`,
      {
        hint: 'Publish the components that changed together with it, or all without --components.',
      },
    )
  }
  return {
    template: merged,
    images: pins(imagesOf(merged), renamed.images, base.images),
    files: pins(filesOf(merged), renamed.files, base.files),
    kept: kept.map(({ name }) => name),
    dropped: base.template.components.map(({ name }) => name).filter((name) => !names.includes(name)),
  }
}

function pins<Pin>(wanted: readonly string[], fresh: Readonly<Record<string, Pin>>, base: Readonly<Record<string, Pin>>): Record<string, Pin> {
  return Object.fromEntries(
    wanted.map((name) => {
      const pin = fresh[name] ?? base[name]
      if (pin === undefined) throw new SealiftError('INTERNAL', `${name} is pinned neither anew nor in the base`)
      return [name, pin]
    }),
  )
}

/** The images of components alone: those of checks and plugins are published anew. */
function imagesOfComponents(template: Template): readonly string[] {
  return imagesOf({ ...template, checks: [], plugins: [] })
}

function renamedImages(fresh: PinnedTemplate, base: Release, used: readonly string[]): PinnedTemplate {
  const names = new Map<string, string>()
  const images: Record<string, ReleaseImage> = {}
  for (const [text, image] of Object.entries(fresh.images)) {
    const before = used.includes(text) ? base.images[text] : undefined
    const [first] = image.platforms
    if (before === undefined || first === undefined || sameImage(before, image)) {
      images[text] = before ?? image
      continue
    }
    const reference = formatReference({ ...parseReference(text), digest: first.manifest.digest })
    names.set(text, reference)
    images[reference] = { ...image, reference }
  }
  return { ...fresh, template: mapImages(fresh.template, (text) => names.get(text) ?? text), images }
}

const sameImage = (a: ReleaseImage, b: ReleaseImage): boolean =>
  a.platforms.length === b.platforms.length && a.platforms.every(({ manifest }) => b.platforms.some((other) => other.manifest.digest === manifest.digest))

function renamedFiles(fresh: PinnedTemplate, base: Release, used: readonly string[]): PinnedTemplate {
  const names = new Map<string, string>()
  const files: Record<string, ReleaseFile> = {}
  for (const [source, file] of Object.entries(fresh.files)) {
    const before = used.includes(source) ? base.files[source] : undefined
    const clash = before !== undefined && before.digest !== file.digest
    const name = clash ? `./${file.digest.slice('sha256:'.length, 'sha256:'.length + 12)}/${posix.basename(source)}` : source
    if (clash) names.set(source, name)
    files[name] = file
  }
  const renamed = (source: string): string => names.get(source) ?? source
  const ofOwner = <Owner extends { files?: { source: string }[] }>(owner: Owner): Owner =>
    owner.files === undefined ? owner : { ...owner, files: owner.files.map((file) => ({ ...file, source: renamed(file.source) })) }
  const { template } = fresh
  return {
    ...fresh,
    files,
    template: {
      ...template,
      ...(template.logo === undefined ? {} : { logo: renamed(template.logo) }),
      ...(template.release?.notes === undefined ? {} : { release: { ...template.release, notes: renamed(template.release.notes) } }),
      components: template.components.map(ofOwner),
      ...(template.configurationGroups === undefined ? {} : { configurationGroups: template.configurationGroups.map(ofOwner) }),
    },
  }
}

/** Adds what components of the base name, and the template no longer has. */
function withNeeded(template: Template, old: Template): Template {
  const parameters = new Set<string>()
  const modules = new Set<string>(old.components.flatMap(({ module }) => module ?? []))
  for (const { text } of expressionPlaces({ ...old, routes: [], checks: [], plugins: [] })) {
    for (const name of namesIn(parseExpression(text))) {
      if (name.kind === 'parameter') parameters.add(name.parameter)
      if (name.kind === 'module') modules.add(name.module)
    }
  }
  for (const name of modules) for (const other of old.modules?.find((module) => module.name === name)?.requires ?? []) modules.add(other)
  const plugins = new Set(old.components.flatMap((component) => (component.plugins ?? []).map(({ name }) => name)))
  const groups = new Set(old.components.flatMap(({ configurationGroups }) => configurationGroups ?? []))
  return {
    ...template,
    ...added('parameters', template.parameters, old.parameters, parameters),
    ...added('modules', template.modules, old.modules, modules),
    ...added('plugins', template.plugins, old.plugins, plugins),
    ...added('configurationGroups', template.configurationGroups, old.configurationGroups, groups),
  }
}

function added<Key extends string, Item extends { readonly name: string }>(
  key: Key,
  present: readonly Item[] = [],
  before: readonly Item[] = [],
  needed: ReadonlySet<string>,
): { [K in Key]?: Item[] } {
  const missing = before.filter(({ name }) => needed.has(name) && !present.some((item) => item.name === name))
  return missing.length === 0 ? {} : ({ [key]: [...present, ...missing] } as { [K in Key]?: Item[] })
}
