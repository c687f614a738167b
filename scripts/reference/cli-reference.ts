import type { createProgram } from '@sealift/cli/program.ts'

type Command = ReturnType<typeof createProgram>
type Option = Command['options'][number]
type Argument = Command['registeredArguments'][number]

const INTRODUCTION = `# The command line

\`sealift\` is one program for both sides. In the checkout it is \`./sealift\`; a site gets it as one file (\`npm run package\`). It calls the API of the process that owns the data folder, and where none runs, hosts that API itself for as long as the command takes.

- Results go to standard output, progress and messages to standard error. With \`--json\` the result is one JSON document; an error is \`{"error": {"code", "message", "hint"}}\`. \`logs --json\` prints one document a line.
- What changes an installation shows its plan first. On a terminal it then asks, unless \`--yes\` is given. Where nobody sits at a terminal, the command itself is the answer.
- Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused (the reason and the way out are printed), 4 not found. [errors.md](errors.md) lists every error.

| variable | what it does |
|---|---|
| \`SEALIFT_DATA\` | the data folder, instead of \`~/.sealift\` |
| \`SEALIFT_KEY_FILE\` | the key file of the data folder, instead of \`FOLDER.key\` beside it |
| \`DOCKER_HOST\` | the engine that images are taken from; in a new data folder also the engine of the target \`local\` |
| \`SEALIFT_DEBUG\` | set to anything: an error prints where in the program it arose |
| \`NO_COLOR\` | set to anything: no colours |

This page is made from the program with \`npm run cli-reference\`.
`

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')

function heading(words: readonly string[], command: Command): string {
  const args = command.registeredArguments.map(argumentWords)
  return [...words, ...args].join(' ')
}

function argumentWords(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}…` : argument.name()
  return argument.required ? `<${name}>` : `[${name}]`
}

function optionRow({ flags, description, mandatory, defaultValue }: Option): string {
  const plain = typeof defaultValue === 'string' || typeof defaultValue === 'number'
  const notes = `${plain ? `. Default: \`${defaultValue}\`` : ''}${mandatory ? ' **required**' : ''}`
  return `| \`${cell(flags)}\` | ${cell(description)}${notes} |\n`
}

/** What `addHelpText` put behind the help: all that is written after the first piece, which is the help itself. */
function afterHelp(command: Command): string {
  const pieces: string[] = []
  command.configureOutput({ writeOut: (text) => void pieces.push(text) }).outputHelp()
  return pieces.slice(1).join('').trim()
}

function section(words: readonly string[], command: Command): string {
  const parts = [`\n## \`${heading(words, command)}\`\n\n${command.description()}\n`]
  const args = command.registeredArguments.filter(({ description }) => description !== '')
  const options = command.options.filter(({ hidden }) => !hidden)
  if (args.length + options.length > 0) {
    parts.push('\n| | |\n|---|---|\n', ...args.map((argument) => `| \`${argument.name()}\` | ${cell(argument.description)} |\n`), ...options.map(optionRow))
  }
  const after = afterHelp(command)
  if (after !== '') parts.push(`\n\`\`\`\n${after}\n\`\`\`\n`)
  return parts.join('')
}

function sections(words: readonly string[], command: Command): string[] {
  const own = [...words, command.name()]
  if (command.commands.length === 0) return [section(own, command)]
  return command.commands.flatMap((child) => sections(own, child))
}

/** The text of `docs/cli.md`: every command with its arguments, options and examples, in the order of the help. */
export function cliReference(program: Command): string {
  const global = program.options.filter(({ hidden }) => !hidden).map(optionRow)
  const commands = program.commands.flatMap((command) => sections([program.name()], command))
  return `${INTRODUCTION}\n## Options of every command\n\n| | |\n|---|---|\n${global.join('')}${commands.join('')}`
}
