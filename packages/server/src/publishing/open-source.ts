import { dirname } from 'node:path'
import type { PublishRequest } from '@sealift/api/publication.ts'
import type { ContentStore } from '@sealift/content/content-store.ts'
import { readBlob } from '@sealift/content/read-blob.ts'
import { defaultEngineAddress } from '@sealift/driver-docker/engine-address.ts'
import { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { checkTemplate } from '@sealift/template/check-template.ts'
import { labelOf } from '@sealift/template/importers/component-name.ts'
import { importCompose } from '@sealift/template/importers/import-compose.ts'
import { ImportReport } from '@sealift/template/importers/import-note.ts'
import { importRunning } from '@sealift/template/importers/import-running.ts'
import { filesOf } from '@sealift/template/release.ts'
import type { InstallationRegistry } from '../installations/installation-registry.ts'
import type { ReleaseLibrary } from '../library/release-library.ts'
import { EngineContainerFiles } from './engine-container-files.ts'
import { composeFiles, FolderProject } from './folder-project.ts'
import { findOnEngine } from './image-facts.ts'
import { findContainers } from './running-containers.ts'
import { templateWithChanges } from './site-changes.ts'
import { madeTemplate, openTemplateFile, type TemplateSource } from './template-source.ts'

/** What sources are read with. */
export interface SourceParts {
  readonly store: ContentStore
  readonly library: ReleaseLibrary
  readonly installations: InstallationRegistry
}

const SOURCES = ['template', 'fromCompose', 'fromRunning', 'fromInstallation'] as const

/**
 * Opens what a publication is made from.
 * @throws SealiftError what reading that source refuses; `USAGE` where not exactly one source is named, or the version is missing
 */
export async function openSource(request: PublishRequest, parts: SourceParts): Promise<TemplateSource> {
  const named = SOURCES.filter((source) => request[source] !== undefined)
  if (named.length !== 1) {
    throw new SealiftError('USAGE', named.length === 0 ? 'nothing was named that could be published' : 'two sources were named', {
      hint: 'Give one: a template file, --from-compose FILE, --from-running PROJECT, --from-installation NAME.',
    })
  }
  if (request.template !== undefined) {
    for (const [option, value] of [
      ['--secret', request.secrets],
      ['--leave-out', request.leaveOut],
      ['--out-template', request.outTemplate],
      ['--name', request.name],
    ] as const) {
      if (value !== undefined)
        throw new SealiftError('USAGE', `${option} is for what is published from something else than a template`, { hint: 'Write it into the template.' })
    }
    return openTemplateFile(request.template, request.allowSecrets)
  }
  if (request.fromCompose !== undefined) return fromCompose(request, request.fromCompose)
  if (request.fromRunning !== undefined) return fromRunning(request, request.fromRunning)
  return fromInstallation(request, request.fromInstallation ?? '', parts)
}

function requireVersion({ version }: PublishRequest): string {
  if (version !== undefined) return version
  throw new SealiftError('USAGE', 'the release needs a version', { hint: 'Add --version V, like --version 1.0.0' })
}

async function fromCompose(
  request: PublishRequest,
  { files: paths, variables = {}, envFiles, profiles = [], folders = [] }: NonNullable<PublishRequest['fromCompose']>,
): Promise<TemplateSource> {
  const version = requireVersion(request)
  const files = await composeFiles(paths)
  const report = new ImportReport(request.leaveOut)
  const [first = ''] = files
  const project = await FolderProject.open([dirname(first), ...folders], [...files, ...(envFiles ?? [])])
  using engine = new EngineClient(request.engine ?? defaultEngineAddress())
  const imported = await importCompose(
    {
      files,
      variables,
      ...(envFiles === undefined ? {} : { envFiles }),
      profiles,
      version,
      secrets: request.secrets ?? {},
      ...(request.name === undefined ? {} : { name: request.name }),
    },
    project,
    findOnEngine(engine, report),
    report,
  )
  return madeTemplate(imported, { name: files.join(', '), notes: report.notes, allow: request.allowSecrets ?? [] })
}

async function fromRunning(request: PublishRequest, { project, containers }: NonNullable<PublishRequest['fromRunning']>): Promise<TemplateSource> {
  const version = requireVersion(request)
  if (project === undefined && containers === undefined) {
    throw new SealiftError('USAGE', 'neither a Compose project nor containers were named', {
      hint: 'Say --from-running PROJECT, or --from-running --containers a,b',
    })
  }
  const name = request.name ?? (project === undefined ? undefined : labelOf(project))
  if (name === undefined) throw new SealiftError('USAGE', 'the application needs a name', { hint: 'Say what it is called: --name NAME' })
  const report = new ImportReport(request.leaveOut)
  using engine = new EngineClient(request.engine ?? defaultEngineAddress())
  const { running, engineIds } = await findContainers(
    engine,
    { ...(project === undefined ? {} : { project }), ...(containers === undefined ? {} : { containers }) },
    report,
  )
  const imported = await importRunning(running, { name, version, secrets: request.secrets ?? {} }, new EngineContainerFiles(engine), report)
  const from = project === undefined ? `the containers ${(containers ?? []).join(', ')}` : `the containers of the Compose project ${project}`
  return madeTemplate(imported, { name: from, notes: report.notes, allow: request.allowSecrets ?? [], engineIds })
}

/** A release as an installation has it: its images are those of the release, whatever their names mean elsewhere. */
async function fromInstallation(request: PublishRequest, name: string, { store, library, installations }: SourceParts): Promise<TemplateSource> {
  const version = requireVersion(request)
  for (const [option, value] of [
    ['--secret', request.secrets],
    ['--leave-out', request.leaveOut],
  ] as const) {
    if (value !== undefined) throw new SealiftError('USAGE', `${option} is for Compose files and containers`, { hint: 'Secrets of a site are never carried.' })
  }
  const { current } = await installations.get(name)
  const { release: identity } = current.state
  const base = await library.find(identity.application, identity.digest)
  const { template, files, changed, notes } = templateWithChanges(base.release.template, base.release.files, current.state)
  const { notes: _notes, ...header } = template.release ?? {}
  const kept = { ...template, name: request.name ?? template.name, release: { ...header, version } }
  const contents = new Map<string, Buffer>()
  for (const source of filesOf(kept)) {
    const digest = files.get(source)
    if (digest !== undefined) contents.set(source, await readBlob(store, digest))
  }
  if (changed.length === 0 && notes.every(({ kind }) => kind !== 'changed')) {
    notes.push({
      kind: 'warning',
      subject: `installation ${name}`,
      message: `the site changed nothing that could be carried; the release is as ${identity.version}.`,
    })
  }
  // What the vendor published once is the vendor's to publish again.
  const allowed = checkTemplate(base.release.template).flatMap(({ code, name: literal }) =>
    code === 'SECRET_LITERAL' && literal !== undefined ? [literal] : [],
  )
  const made = madeTemplate(
    { template: kept, files: contents, allowSecrets: allowed },
    { name: `installation ${name} (${identity.application} ${identity.version}, revision ${current.number})`, notes, allow: request.allowSecrets ?? [] },
  )
  return { ...made, pins: base.release.images }
}
