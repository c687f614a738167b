import { isUtf8 } from 'node:buffer'
import type { Draft, DraftComponent, DraftFile } from './draft.ts'
import { TextSlot } from './text-slot.ts'

/** The texts of a component in which names and secrets may stand. */
export interface ComponentSlots {
  readonly component: DraftComponent
  readonly env: readonly TextSlot[]
  readonly entrypoint?: readonly TextSlot[]
  readonly command?: readonly TextSlot[]
  readonly health?: readonly TextSlot[]
}

/** Every text of a draft that may be changed on its way into a template. */
export interface DraftSlots {
  readonly components: readonly ComponentSlots[]
  /** By the source of the file; several components may have the same. */
  readonly files: ReadonlyMap<string, FileSlot>
}

/** A text file. */
export interface FileSlot {
  readonly slot: TextSlot
  readonly file: DraftFile
  /** The components that have it. */
  readonly users: readonly string[]
}

/** Larger files are data rather than settings. */
const MAX_TEXT = 1024 * 1024

const isText = (content: Buffer): boolean => content.length <= MAX_TEXT && !content.includes(0) && isUtf8(content)

export function slotsOfDraft({ components }: Draft): DraftSlots {
  const files = new Map<string, FileSlot>()
  for (const component of components) {
    for (const file of component.files) {
      if (!isText(file.content)) continue
      const before = files.get(file.source)
      const slot = before?.slot ?? new TextSlot(component.name, 'file', file.source, file.content.toString('utf8'))
      files.set(file.source, { slot, file, users: [...(before?.users ?? []), component.name] })
    }
  }
  return {
    files,
    components: components.map((component) => {
      const list = (name: string, texts: readonly string[] | undefined): TextSlot[] | undefined =>
        texts?.map((text) => new TextSlot(component.name, 'argument', name, text))
      const [entrypoint, command, health] = [
        list('entrypoint', component.entrypoint),
        list('command', component.command),
        list('health', component.health?.exec),
      ]
      return {
        component,
        env: component.env.map(({ name, value }) => new TextSlot(component.name, 'env', name, value)),
        ...(entrypoint === undefined ? {} : { entrypoint }),
        ...(command === undefined ? {} : { command }),
        ...(health === undefined ? {} : { health }),
      }
    }),
  }
}

/** All slots but those of files. */
export function ownSlots({ env, entrypoint = [], command = [], health = [] }: ComponentSlots): readonly TextSlot[] {
  return [...env, ...entrypoint, ...command, ...health]
}
