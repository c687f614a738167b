import { posix } from 'node:path'
import type { DraftFile, DraftMount } from '../draft/draft.ts'
import { FOLDER_LIMIT, hostPathMeaning, looksLikeData } from '../draft/host-folder.ts'
import { formatTemplateSize, parseComposeSize } from '../draft/quantities.ts'
import type { ServiceContext } from './service-context.ts'
import { composeSize } from './service-settings.ts'
import { asBoolean, asItems, asText, composeFault, member, type Place, type Tree } from './tree.ts'

/** What a service has beside its image: folders that last, folders in memory, files. */
export interface ServiceMounts {
  readonly mounts: readonly DraftMount[]
  readonly files: readonly DraftFile[]
}

/** The mounts of a service. @throws SealiftError `COMPOSE_INVALID` */
export async function serviceMounts(context: ServiceContext): Promise<ServiceMounts> {
  const collection = new Mounts(context)
  const volumes = context.get('volumes')
  for (const item of volumes === undefined ? [] : asItems(volumes, 'volumes')) await collection.add(item)
  const tmpfs = context.get('tmpfs')
  for (const item of tmpfs === undefined ? [] : asItems(tmpfs, 'tmpfs')) collection.memory(asText(item, 'tmpfs'))
  collection.ofImage()
  return collection
}

class Mounts implements ServiceMounts {
  readonly mounts: DraftMount[] = []
  readonly files: DraftFile[] = []
  readonly #context: ServiceContext

  constructor(context: ServiceContext) {
    this.#context = context
  }

  async add(item: Tree): Promise<void> {
    const text = (...path: readonly string[]): string | undefined => {
      const tree = member(item, ...path)
      return tree === undefined ? undefined : asText(tree, `volumes.${path.join('.')}`)
    }
    const flag = member(item, 'read_only')
    const readOnly = flag !== undefined && asBoolean(flag, 'volumes.read_only')
    const path = containerPath(text('target') ?? '')
    const type = text('type') ?? 'volume'
    const source = text('source')
    switch (type) {
      case 'bind':
        if (source === undefined) throw composeFault(item.place, 'volumes: a bind has no source.')
        return this.#bind(source, path, readOnly, item.place)
      case 'tmpfs': {
        const size = member(item, 'tmpfs', 'size')
        this.mounts.push({ kind: 'memory', path, ...(size === undefined ? {} : { size: formatTemplateSize(composeSize(size, 'volumes.tmpfs.size')) }) })
        return
      }
      case 'volume':
        return this.#volume(source, path, readOnly, text('volume', 'subpath'), item.place)
      default:
        this.#context.refuse('volumes', item.place, `${path}: a mount of type ${type} can not be carried. Put the content into the image, or into a volume.`)
    }
  }

  /** `PATH[:OPTIONS]` */
  memory(text: string): void {
    const [path = '', options = ''] = text.split(':')
    const size = parseComposeSize(/(?:^|,)size=([^,]+)/.exec(options)?.[1] ?? '')
    this.mounts.push({ kind: 'memory', path: containerPath(path), ...(size === undefined ? {} : { size: formatTemplateSize(size) }) })
  }

  /** What the image wants kept, and the service mounts nothing at, is a nameless volume. */
  ofImage(): void {
    const taken = new Set([...this.mounts, ...this.files].map(({ path }) => path))
    for (const volume of this.#context.image.facts?.volumes ?? []) {
      const path = containerPath(volume)
      if (!taken.has(path)) this.#anonymous(path)
    }
  }

  #anonymous(path: string): void {
    this.mounts.push({ kind: 'volume', volume: `${this.#context.service}:${path}`, title: posix.basename(path), path, readOnly: false })
  }

  #volume(source: string | undefined, path: string, readOnly: boolean, subpath: string | undefined, place: Place): void {
    if (source === undefined) return this.#anonymous(path)
    const { project } = this.#context
    const definition = project.volumes.get(source)
    if (!project.volumes.has(source))
      throw composeFault(
        place,
        `volumes: ${source} is not among the volumes of the project.`,
        `Add it under volumes at the end of the file, or write ./${source} for a folder.`,
      )
    const external = member(definition, 'external')
    if (external !== undefined && (external.kind === 'mapping' || asBoolean(external, 'volumes.external'))) {
      this.#context.note('changed', `volumes.${source}`, place, 'is made outside the project; at a site it is a volume of its own, empty at first.')
    }
    const options = member(definition, 'driver_opts')
    const driver = member(definition, 'driver')
    if (options !== undefined || (driver !== undefined && asText(driver, 'driver') !== 'local')) {
      this.#context.note(
        'left-out',
        `volumes.${source}.driver`,
        (options ?? driver ?? { place }).place,
        "depends on how the host is set up; at a site it is a volume of the engine's own.",
      )
    }
    this.mounts.push({
      kind: 'volume',
      volume: `volume:${source}${subpath === undefined ? '' : `/${subpath}`}`,
      title: subpath === undefined ? source : `${source}-${subpath}`,
      path,
      readOnly,
    })
  }

  async #bind(source: string, path: string, readOnly: boolean, place: Place): Promise<void> {
    const context = this.#context
    const { project } = context
    const found = await context.files.look(source)
    const fromProject = posix.relative(project.folder, source)
    const name = !found.inside ? source : fromProject.startsWith('..') ? fromProject : `./${fromProject}`
    const meaning = found.inside ? 'ordinary' : hostPathMeaning(source)
    if (meaning === 'engine') return context.refuse('volumes', place, `${name}: a component gets no access to the site's engine.`)
    if (meaning === 'time')
      return context.note('left-out', 'volumes', place, `${name}: the time zone of one host. Set the variable TZ where the program reads it.`)
    if (meaning === 'system' || found.kind === 'other') return context.refuse('volumes', place, `${name}: belongs to one host and can not be carried.`)
    if (found.kind === 'file') {
      if (!found.inside) {
        return context.refuse(
          'volumes',
          place,
          `${name}: lies outside the project's folder, and a Compose file from elsewhere shall carry off nothing. Copy it into the project.`,
        )
      }
      if (!readOnly)
        context.note('changed', 'volumes', place, `${name} is a file of the release; what the program writes into it is gone when the component is replaced.`)
      return this.#file(source, name, path, found.mode)
    }
    if (found.kind === 'folder' && found.inside && (readOnly || !looksLikeData(path))) {
      const list = await context.files.list(source, FOLDER_LIMIT.files)
      const bytes = list.reduce((sum, { size }) => sum + size, 0)
      if (list.length > 0 && list.length <= FOLDER_LIMIT.files && bytes <= FOLDER_LIMIT.bytes) {
        for (const file of list) await this.#file(posix.join(source, file.path), posix.join(name, file.path), posix.join(path, file.path), file.mode)
        if (!readOnly) {
          context.note(
            'changed',
            'volumes',
            place,
            `${name} is ${list.length} files of the release; what the program writes there is gone when the component is replaced. For data use a named volume.`,
          )
        }
        return
      }
    }
    this.mounts.push({ kind: 'volume', volume: `host:${source}`, title: posix.basename(path), path, readOnly })
    context.note(
      'changed',
      'volumes',
      place,
      `${name} is a folder of the host with data; at a site ${path} is a volume, empty at first. Its content does not travel.`,
    )
  }

  async #file(source: string, name: string, path: string, mode: number): Promise<void> {
    const content = await this.#context.files.read(source)
    if (content === undefined) return
    const permissions = (mode & 0o111) === 0 ? undefined : 0o755
    this.files.push({ path, source: beside(name), content, ...(permissions === undefined ? {} : { mode: permissions }) })
  }
}

/** A path inside a container as templates have it. */
export function containerPath(text: string): string {
  return posix.normalize(posix.join('/', text)).replace(/(.)\/$/, '$1')
}

/** Where a file of the project lies beside the template. */
export function beside(name: string, folder: 'files' | 'configs' | 'secrets' = 'files'): string {
  const plain = name
    .split('/')
    .filter((step) => step !== '' && step !== '.' && step !== '..')
    .map((step) => step.replaceAll(/[\\\p{Cc}]/gu, '_'))
    .join('/')
  return `./${folder}/${plain}`
}
