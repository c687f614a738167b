import type { Argument, Command, Option } from 'commander'

/** What live names a place takes. */
export type NameKind = 'installation' | 'component' | 'release' | 'application' | 'job' | 'target' | 'environment' | 'revision' | 'secret'

/** Looks live names up. */
export type NameLookup = (kind: NameKind, installation: string | undefined) => Promise<readonly string[]>

/** Which names the arguments of a command are, where their own name does not say it. */
const ARGUMENTS: Readonly<Record<string, NameKind>> = {
  component: 'component',
  'app@version': 'release',
  app: 'application',
  job: 'job',
  revision: 'revision',
  from: 'revision',
  to: 'revision',
}

const OPTIONS: Readonly<Record<string, NameKind>> = { env: 'environment', target: 'target' }

/** Groups whose argument `name` is something else than an installation. */
const NAME_IN: Readonly<Record<string, NameKind>> = { target: 'target', env: 'environment' }

/**
 * What could stand at the last of the words, which may be begun: commands, options, what an option or
 * argument takes. Empty where only a person knows, or where it is a file.
 */
export async function candidates(program: Command, words: readonly string[], lookup: NameLookup): Promise<readonly string[]> {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ''
  if (before.includes('--')) return []
  let command = program
  const given: string[] = []
  for (let index = 0; index < before.length; index++) {
    const word = before[index] ?? ''
    if (word.startsWith('-')) {
      const option = optionOf(command, word)
      if (option !== undefined && takesValue(option) && !word.includes('=')) {
        // The value of an option that stands last is what is asked for.
        if (index === before.length - 1) return valuesOf(option, given[0], lookup)
        index += 1
      }
      continue
    }
    const child = given.length === 0 ? command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word)) : undefined
    if (child === undefined) given.push(word)
    else command = child
  }
  if (last.startsWith('-')) return allOptions(command).flatMap(({ long, short, hidden }) => (hidden ? [] : [long ?? short ?? '']))
  const children = command.createHelp().visibleCommands(command)
  if (children.length > 0 && given.length === 0) return children.map((child) => child.name())
  const argument = command.registeredArguments[given.length] ?? command.registeredArguments.findLast(({ variadic }) => variadic)
  return argument === undefined ? [] : ofArgument(command, argument, given, lookup)
}

async function ofArgument(command: Command, argument: Argument, given: readonly string[], lookup: NameLookup): Promise<readonly string[]> {
  if (argument.argChoices !== undefined) return argument.argChoices
  const name = argument.name()
  const kind = name === 'name' ? (NAME_IN[command.parent?.name() ?? ''] ?? 'installation') : ARGUMENTS[name]
  if (kind === undefined) return []
  const found = await lookup(kind, given[0])
  return found.filter((candidate) => !given.slice(1).includes(candidate))
}

async function valuesOf(option: Option, installation: string | undefined, lookup: NameLookup): Promise<readonly string[]> {
  if (option.argChoices !== undefined) return option.argChoices
  const kind = OPTIONS[option.attributeName()]
  return kind === undefined ? [] : lookup(kind, installation)
}

function allOptions(command: Command): readonly Option[] {
  return command.parent === null ? command.options : [...command.options, ...allOptions(command.parent)]
}

function optionOf(command: Command, word: string): Option | undefined {
  const flag = word.split('=', 1)[0]
  return allOptions(command).find(({ long, short }) => long === flag || short === flag)
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional
}
