import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { labelOf } from './component-name.ts'
import { componentNames, draftOfProject, imageCandidates } from './compose/draft-of-project.ts'
import { type ComposeInput, type ComposeProject, loadProject } from './compose/load-project.ts'
import type { ProjectFiles } from './compose/project-files.ts'
import type { ServiceImage } from './compose/service-context.ts'
import type { ImportReport } from './import-note.ts'
import { type ImportedTemplate, type TemplateOfDraftOptions, templateOfDraft } from './template-of-draft.ts'

/** What a Compose project is imported with. */
export interface ImportComposeOptions extends TemplateOfDraftOptions, ComposeInput {
  /** The name of the application; that of the project where it is not given. */
  readonly name?: string
  /** Profiles whose modules are on at first. */
  readonly profiles: readonly string[]
}

/** Finds the image of a service under one of several names, the likeliest first; undefined where there is none. */
export type FindImage = (candidates: readonly string[]) => Promise<ServiceImage | undefined>

/**
 * Makes a template of a Compose project. The report says what was decided, and what can't be carried.
 * @throws SealiftError `COMPOSE_INVALID`, `IMPORT_REFUSED` naming all that no release can carry, `NAME_UNKNOWN`,
 * `IMAGE_NOT_FOUND` for a service that was not built, `USAGE` without a name
 */
export async function importCompose(options: ImportComposeOptions, files: ProjectFiles, findImage: FindImage, report: ImportReport): Promise<ImportedTemplate> {
  const project = await loadProject(options, files, report)
  const name = options.name ?? (project.name === undefined ? undefined : labelOf(project.name))
  if (name === undefined) throw new SealiftError('USAGE', 'the Compose file has no name', { hint: 'Say what the application is called: --name NAME' })
  const components = componentNames(project, report)
  const images = await findImages(project, components.keys(), findImage)
  const draft = await draftOfProject({ project, name, files, report, images, profiles: options.profiles }, components)
  requireImportable(report)
  return templateOfDraft(draft, options, report)
}

async function findImages(project: ComposeProject, services: Iterable<string>, findImage: FindImage): Promise<ReadonlyMap<string, ServiceImage>> {
  const images = new Map<string, ServiceImage>()
  const missing: string[] = []
  for (const service of services) {
    const tree = project.services.get(service)
    if (tree === undefined) continue
    const candidates = imageCandidates(project, service, tree)
    const [first = ''] = candidates
    const found = await findImage(candidates)
    if (found === undefined && candidates.length > 1) missing.push(`${service} (${candidates.join(' or ')})`)
    images.set(service, found ?? { image: first })
  }
  if (missing.length > 0) {
    throw new SealiftError('IMAGE_NOT_FOUND', `the engine does not have what is built for ${missing.join(', ')}`, {
      hint: 'Build first: docker compose build. Or name the images under image.',
      details: { services: missing },
    })
  }
  return images
}

/** @throws SealiftError `IMPORT_REFUSED` where something can't be carried, `NAME_UNKNOWN` where what is to be left out was not met */
export function requireImportable({ refusals, unusedLeaveOut }: ImportReport): void {
  const [unused] = unusedLeaveOut
  if (unused !== undefined) throw new SealiftError('NAME_UNKNOWN', `--leave-out ${unused}: there is nothing of that name that has to be left out`)
  if (refusals.length === 0) return
  const lines = refusals.map(
    ({ subject, where, message, leaveOut }) => `${where === undefined ? '' : `${where}: `}${subject}: ${message} (--leave-out ${leaveOut})`,
  )
  throw new SealiftError('IMPORT_REFUSED', lines.join('\n'), { details: { refusals } })
}
