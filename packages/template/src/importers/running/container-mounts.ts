import { posix } from 'node:path'
import { beside, containerPath } from '../compose/service-mounts.ts'
import type { DraftFile, DraftMount } from '../draft/draft.ts'
import { FOLDER_LIMIT, hostPathMeaning, looksLikeData } from '../draft/host-folder.ts'
import { formatTemplateSize, parseComposeSize } from '../draft/quantities.ts'
import type { ImportReport } from '../import-note.ts'
import type { ContainerFacts, ContainerFiles, ContainerMount } from './container-facts.ts'

/** A volume that the engine named by itself. */
const NAMELESS = /^[0-9a-f]{64}$/

export interface ContainerMounts {
  readonly mounts: readonly DraftMount[]
  readonly files: readonly DraftFile[]
}

/** The mounts of a container: volumes, and the files and folders of its host. */
export async function containerMounts(
  container: ContainerFacts,
  component: string,
  subject: string,
  files: ContainerFiles,
  report: ImportReport,
): Promise<ContainerMounts> {
  const mounts: DraftMount[] = []
  const carried: DraftFile[] = []
  for (const mount of container.Mounts ?? []) {
    const path = containerPath(mount.Destination)
    if (mount.Type === 'volume') {
      const { Name = '' } = mount
      const nameless = NAMELESS.test(Name)
      mounts.push({
        kind: 'volume',
        volume: nameless ? `${container.Id}:${path}` : `volume:${Name}`,
        title: nameless ? posix.basename(path) : shortName(container, Name),
        path,
        readOnly: !mount.RW,
      })
    } else if (mount.Type === 'tmpfs') mounts.push({ kind: 'memory', path })
    else if (mount.Type === 'bind') await bind(container, component, subject, mount, { mounts, carried, files, report })
    else {
      report.refuse(
        { subject: `${subject}: mount ${path}`, message: `a mount of type ${mount.Type} can not be carried.`, leaveOut: `${component}/mounts` },
        component,
      )
    }
  }
  for (const [destination, options] of Object.entries(container.HostConfig.Tmpfs ?? {})) {
    const size = parseComposeSize(/(?:^|,)size=([^,]+)/.exec(options)?.[1] ?? '')
    const path = containerPath(destination)
    if (!mounts.some((mount) => mount.path === path)) mounts.push({ kind: 'memory', path, ...(size === undefined ? {} : { size: formatTemplateSize(size) }) })
  }
  return { mounts, files: carried }
}

/** A Compose project puts its name before those of its volumes. */
function shortName({ Config }: ContainerFacts, name: string): string {
  const project = Config.Labels?.['com.docker.compose.project']
  return project !== undefined && name.startsWith(`${project}_`) ? name.slice(project.length + 1) : name
}

async function bind(
  container: ContainerFacts,
  component: string,
  subject: string,
  mount: ContainerMount,
  {
    mounts,
    carried,
    files,
    report,
  }: { readonly mounts: DraftMount[]; readonly carried: DraftFile[]; readonly files: ContainerFiles; readonly report: ImportReport },
): Promise<void> {
  const path = containerPath(mount.Destination)
  const about = `${subject}: mount ${path}`
  const refuse = (message: string): void => report.refuse({ subject: about, message, leaveOut: `${component}/mounts` }, component)
  switch (hostPathMeaning(mount.Source)) {
    case 'engine':
      return refuse("a component gets no access to the site's engine.")
    case 'time':
      return report.note({ kind: 'left-out', component, subject: about, message: 'the time zone of one host. Set the variable TZ where the program reads it.' })
    case 'system':
      return refuse(`${mount.Source} belongs to one host and can not be carried.`)
    case 'ordinary':
      break
  }
  const found = mount.RW && looksLikeData(path) ? undefined : await files.read(container.Id, path, FOLDER_LIMIT)
  if (found !== undefined && found.length > 0) {
    for (const { path: inside, content, mode, uid, gid } of found) {
      const target = inside === '' ? path : posix.join(path, inside)
      const secret = path.startsWith('/run/secrets/') ? posix.basename(target) : undefined
      carried.push({
        path: target,
        source: beside(`${component}${target}`, secret === undefined ? 'files' : 'secrets'),
        content,
        ...((mode & 0o777) === 0o644 ? {} : { mode: mode & 0o777 }),
        ...(uid === 0 ? {} : { uid }),
        ...(gid === 0 ? {} : { gid }),
        ...(secret === undefined ? {} : { secret }),
      })
    }
    if (mount.RW) {
      report.note({
        kind: 'changed',
        component,
        subject: about,
        message: `${found.length === 1 ? 'is a file' : `is ${found.length} files`} of the release; what the program writes there is gone when the component is replaced. For data use a volume.`,
      })
    }
    return
  }
  mounts.push({ kind: 'volume', volume: `host:${mount.Source}`, title: posix.basename(path), path, readOnly: !mount.RW })
  report.note({
    kind: 'changed',
    component,
    subject: about,
    message: `is a folder of the host with data; at a site it is a volume, empty at first. Its content does not travel.`,
  })
}
