import type { ImageFacts } from '../image-facts.ts'
import type { ImportReport, NoteKind } from '../import-note.ts'
import type { ComposeProject } from './load-project.ts'
import type { ProjectFiles } from './project-files.ts'
import { formatPlace, type MappingTree, member, type Place, type Tree } from './tree.ts'

/** The image of a service. */
export interface ServiceImage {
  readonly image: string
  /** What the image says about itself, where it could be looked at. */
  readonly facts?: ImageFacts
}

/** All that the conversion of a service looks at. */
export class ServiceContext {
  /** Its name in the Compose file. */
  readonly service: string
  readonly component: string
  readonly tree: MappingTree
  readonly image: ServiceImage
  readonly project: ComposeProject
  readonly files: ProjectFiles
  readonly report: ImportReport
  /** Components by the names of services; those that were left out are not in it. */
  readonly components: ReadonlyMap<string, string>

  constructor(parts: {
    readonly service: string
    readonly component: string
    readonly tree: MappingTree
    readonly image: ServiceImage
    readonly project: ComposeProject
    readonly files: ProjectFiles
    readonly report: ImportReport
    readonly components: ReadonlyMap<string, string>
  }) {
    this.service = parts.service
    this.component = parts.component
    this.tree = parts.tree
    this.image = parts.image
    this.project = parts.project
    this.files = parts.files
    this.report = parts.report
    this.components = parts.components
  }

  get(...path: readonly string[]): Tree | undefined {
    return member(this.tree, ...path)
  }

  subject(field: string): string {
    return `services.${this.service}.${field}`
  }

  note(kind: NoteKind, field: string, place: Place, message: string): void {
    this.report.note({ kind, component: this.component, subject: this.subject(field), where: formatPlace(place), message })
  }

  /** Refuses, unless `COMPONENT/FIELD` was said to be left out. */
  refuse(field: string, place: Place, message: string): void {
    const [setting = field] = field.split(/[.[]/, 1)
    this.report.refuse({ subject: this.subject(field), where: formatPlace(place), message, leaveOut: `${this.component}/${setting}` }, this.component)
  }
}
