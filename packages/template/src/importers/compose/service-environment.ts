import type { DraftVariable } from '../draft/draft.ts'
import { parseDotenv } from './dotenv.ts'
import type { ServiceContext } from './service-context.ts'
import { asBoolean, asItems, asMapping, asOptionalText, asText, composeFault, formatPlace, member } from './tree.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,255}$/

/**
 * The variables of a service: those of its env files, then its own; one without a value takes it from the project's.
 * @throws SealiftError `COMPOSE_INVALID` for an env file that is not there
 */
export async function serviceEnvironment(context: ServiceContext): Promise<DraftVariable[]> {
  const { project, files } = context
  const variables = new Map<string, DraftVariable>()
  const envFile = context.get('env_file')
  for (const item of envFile === undefined ? [] : asItems(envFile, 'env_file')) {
    const pathTree = member(item, 'path') ?? item
    const path = asText(pathTree, 'env_file')
    const required = member(item, 'required')
    const content = await files.read(path)
    const name = path.startsWith(`${project.folder}/`) ? path.slice(project.folder.length + 1) : path
    if (content === undefined) {
      if (required !== undefined && !asBoolean(required, 'env_file.required')) continue
      throw composeFault(pathTree.place, `env_file: there is no file ${name}.`, 'Correct the path, or write required: false.')
    }
    const format = member(item, 'format')
    const values =
      format !== undefined && asText(format, 'env_file.format') === 'raw'
        ? rawLines(content.toString('utf8'))
        : parseDotenv(content.toString('utf8'), name, (each) => project.lookup(each) ?? variables.get(each)?.value)
    for (const [each, value] of values) variables.set(each, { name: each, value, where: name })
  }
  const environment = context.get('environment')
  for (const [name, tree] of environment === undefined ? [] : asMapping(environment, 'environment').entries) {
    const value = asOptionalText(tree, `environment.${name}`) ?? project.lookup(name)
    if (value === undefined) {
      variables.delete(name)
      context.note(
        'changed',
        `environment.${name}`,
        tree.place,
        `is set from outside only, and is not set here: left out. Give it a value with --var ${name}=VALUE.`,
      )
    } else variables.set(name, { name, value, where: formatPlace(tree.place) })
  }
  for (const [name, { where }] of variables) {
    if (NAME.test(name)) continue
    variables.delete(name)
    context.report.note({
      kind: 'left-out',
      component: context.component,
      subject: context.subject(`environment.${name}`),
      ...(where === undefined ? {} : { where }),
      message: 'is no name that a variable can have.',
    })
  }
  return [...variables.values()]
}

function rawLines(text: string): Map<string, string> {
  return new Map(
    text
      .split(/\r?\n/)
      .filter((line) => /^[^#=]+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
