import type { DraftFile } from '../draft/draft.ts'
import type { ServiceContext } from './service-context.ts'
import { beside, containerPath } from './service-mounts.ts'
import { asBoolean, asItems, asNumber, asText, composeFault, member, type Tree } from './tree.ts'

/** The configs and secrets of a service as files. @throws SealiftError `COMPOSE_INVALID` */
export async function serviceConfigs(context: ServiceContext): Promise<DraftFile[]> {
  const files: DraftFile[] = []
  for (const kind of ['configs', 'secrets'] as const) {
    const uses = context.get(kind)
    for (const use of uses === undefined ? [] : asItems(uses, kind)) {
      const sourceTree = member(use, 'source')
      if (sourceTree === undefined) throw composeFault(use.place, `${kind}: has no source.`)
      const name = asText(sourceTree, `${kind}.source`)
      const definition = context.project[kind].get(name)
      if (definition === undefined) throw composeFault(use.place, `${kind}: ${name} is not among the ${kind} of the project.`)
      const content = await contentOf(context, kind, name, definition)
      const target = member(use, 'target')
      const path = target === undefined ? name : asText(target, `${kind}.target`)
      const number = (key: 'uid' | 'gid'): number | undefined => {
        const tree = member(use, key)
        const value = tree === undefined ? undefined : asNumber(tree, `${kind}.${key}`)
        return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined
      }
      const [uid, gid] = [number('uid'), number('gid')]
      const mode = modeOf(member(use, 'mode'))
      if (content === undefined && kind === 'configs') {
        context.refuse('configs', use.place, `${name} is made outside the project, so its content is not known. Give the config a file or content.`)
        continue
      }
      files.push({
        path: kind === 'secrets' && !path.startsWith('/') ? `/run/secrets/${path}` : containerPath(path),
        source: beside(name, kind),
        content: content ?? Buffer.alloc(0),
        ...(mode === undefined ? {} : { mode }),
        ...(uid === undefined ? {} : { uid }),
        ...(gid === undefined ? {} : { gid }),
        ...(kind === 'secrets' ? { secret: name } : {}),
      })
    }
  }
  return files
}

/** Undefined where the content is kept outside the project. */
async function contentOf(context: ServiceContext, kind: 'configs' | 'secrets', name: string, definition: Tree): Promise<Buffer | undefined> {
  const external = member(definition, 'external')
  if (external !== undefined && (external.kind === 'mapping' || asBoolean(external, `${kind}.external`))) return undefined
  const inline = member(definition, 'content')
  if (inline !== undefined) return Buffer.from(asText(inline, `${kind}.content`))
  const variable = member(definition, 'environment')
  if (variable !== undefined) {
    const value = context.project.lookup(asText(variable, `${kind}.environment`))
    return value === undefined ? undefined : Buffer.from(value)
  }
  const file = member(definition, 'file')
  if (file === undefined) throw composeFault(definition.place, `${kind}.${name}: has neither file, content, environment nor external.`)
  const path = asText(file, `${kind}.file`)
  const content = await context.files.read(path)
  if (content === undefined) throw composeFault(file.place, `${kind}.${name}: there is no file ${path}.`)
  return content
}

function modeOf(tree: Tree | undefined): number | undefined {
  if (tree?.kind !== 'scalar') return undefined
  const mode = typeof tree.value === 'number' ? tree.value : Number.parseInt(String(tree.value), 8)
  return Number.isInteger(mode) && mode >= 0 && mode <= 0o7777 ? mode : undefined
}
