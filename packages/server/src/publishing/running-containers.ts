import type { EngineClient } from '@sealift/driver-docker/engine-client.ts'
import type { ImageDetails } from '@sealift/driver-docker/engine-types.ts'
import { formatReference, parseReference } from '@sealift/oci/reference.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { ImportReport } from '@sealift/template/importers/import-note.ts'
import type { RunningContainer } from '@sealift/template/importers/import-running.ts'
import { ComposeLabel, type ContainerFacts } from '@sealift/template/importers/running/container-facts.ts'
import { factsOf } from './image-facts.ts'

/** Label of what Sealift itself runs. */
const SEALIFT_LABEL = 'dev.sealift.installation'

/** Containers with their images as a template is to name them. */
export interface FoundContainers {
  readonly running: readonly RunningContainer[]
  /** Images that have no name of their own by now: the engine's ID by the text of the template. */
  readonly engineIds: ReadonlyMap<string, string>
}

/**
 * Finds the containers that are to be published.
 * @throws SealiftError `CONTAINER_NOT_FOUND`, `USAGE` for what Sealift itself runs, `ENGINE_UNREACHABLE`
 */
export async function findContainers(
  engine: EngineClient,
  { project, containers }: { readonly project?: string; readonly containers?: readonly string[] },
  report: ImportReport,
): Promise<FoundContainers> {
  const found = containers === undefined ? await ofProject(engine, project ?? '') : await byName(engine, containers, project)
  const own = found.find(({ Config }) => Object.keys(Config.Labels ?? {}).some((label) => label.startsWith(SEALIFT_LABEL)))
  if (own !== undefined) {
    throw new SealiftError('USAGE', `container ${nameOf(own)} belongs to an installation of Sealift's own`, {
      hint: 'Publish the installation: --from-installation NAME.',
    })
  }
  const images = new EngineImageNames(engine, report)
  const running: RunningContainer[] = []
  for (const container of found) running.push({ container, ...(await images.nameOf(container)) })
  return { running, engineIds: images.ids }
}

const nameOf = ({ Name }: ContainerFacts): string => Name.replace(/^\//, '')

async function ofProject(engine: EngineClient, project: string): Promise<ContainerFacts[]> {
  const list = await engine.listContainers({ label: [`${ComposeLabel.project}=${project}`] })
  const described = await Promise.all(list.map(({ Id }) => engine.describeContainer(Id)))
  const containers = described.filter((each) => each !== undefined).filter(({ Config }) => Config.Labels?.[ComposeLabel.oneOff]?.toLowerCase() !== 'true')
  if (containers.length === 0) {
    const all = await engine.listContainers({ label: [ComposeLabel.project] })
    const projects = all.flatMap(({ Labels }) => Labels?.[ComposeLabel.project] ?? [])
    throw new SealiftError('CONTAINER_NOT_FOUND', `the engine has no container of a Compose project ${JSON.stringify(project)}`, {
      hint: projects.length === 0 ? 'Name containers instead: --from-running --containers a,b' : suggestion(project, projects),
    })
  }
  return containers.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }))
}

async function byName(engine: EngineClient, names: readonly string[], project: string | undefined): Promise<ContainerFacts[]> {
  const found: ContainerFacts[] = []
  for (const name of names) {
    const container = await engine.describeContainer(name)
    if (container === undefined) {
      const all = (await engine.listContainers({})).flatMap(({ Names }) => Names.map((each) => each.replace(/^\//, '')))
      throw new SealiftError('CONTAINER_NOT_FOUND', `the engine has no container ${name}`, { hint: suggestion(name, all) })
    }
    if (project !== undefined && container.Config.Labels?.[ComposeLabel.project] !== project) {
      throw new SealiftError('CONTAINER_NOT_FOUND', `container ${name} is not of the Compose project ${project}`, {
        hint: 'Leave out the name of the project, or the container.',
      })
    }
    if (!found.some(({ Id }) => Id === container.Id)) found.push(container)
  }
  return found
}

/** Gives each image that runs a name that means this very image. */
class EngineImageNames {
  readonly ids = new Map<string, string>()
  readonly #engine: EngineClient
  readonly #report: ImportReport

  constructor(engine: EngineClient, report: ImportReport) {
    this.#engine = engine
    this.#report = report
  }

  async nameOf(container: ContainerFacts): Promise<Pick<RunningContainer, 'image' | 'facts'>> {
    const { Image: id, Config } = container
    const details = await this.#engine.inspectImage(id)
    if (details === undefined) {
      throw new SealiftError('IMAGE_NOT_FOUND', `container ${nameOf(container)}: its image ${Config.Image} (${id.slice(0, 19)}…) is no longer on the engine`, {
        hint: 'Build or pull the image again, and make the container anew.',
      })
    }
    return { image: await this.#textOf(container, details), facts: factsOf(details) }
  }

  async #textOf(container: ContainerFacts, details: ImageDetails): Promise<string> {
    const { Image: id, Config } = container
    const given = referenceOf(Config.Image)
    if (given !== undefined && (await this.#engine.inspectImage(Config.Image))?.Id === id) return Config.Image
    const tags = (details.RepoTags ?? []).filter((tag) => !tag.startsWith('<none>') && !tag.startsWith('sealift.local/'))
    const repository = given?.replace(/[:@].*$/, '')
    const tag = tags.find((each) => repository !== undefined && each.startsWith(`${repository}:`)) ?? tags[0]
    if (tag !== undefined && referenceOf(tag) !== undefined) return tag
    // Nothing names it any more: it is taken by its ID, under a name that nothing else has.
    const short = (details.Id.split(':').at(-1) ?? '').slice(0, 12)
    const base =
      repository ??
      nameOf(container)
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '')
    const text = `${base}:running-${short}`
    this.ids.set(text, details.Id)
    this.#report.note({
      kind: 'changed',
      subject: `container ${nameOf(container)}: image`,
      message: `${Config.Image} names another image by now, or none; the one that runs is taken, and is called ${text}.`,
    })
    return text
  }
}

/** The text itself where it is the name of an image, and no ID. */
function referenceOf(text: string): string | undefined {
  if (/^(sha256:)?[0-9a-f]{12,64}$/.test(text)) return undefined
  try {
    formatReference(parseReference(text))
    return text
  } catch (thrown) {
    if (isSealiftError(thrown)) return undefined
    throw thrown
  }
}
