import { readFileSync } from 'node:fs'
import { createProgram } from '@sealift/cli/program.ts'
import { describe, expect, it } from 'vitest'
import { cliReference } from './cli-reference.ts'

type Command = ReturnType<typeof createProgram>

const onDisk = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')

function leaves(command: Command, words: string): { readonly words: string; readonly command: Command }[] {
  const own = `${words} ${command.name()}`
  return command.commands.length === 0 ? [{ words: own, command }] : command.commands.flatMap((child) => leaves(child, own))
}

const commands = createProgram().commands.flatMap((command) => leaves(command, 'sealift'))

/** What stands below the heading of a command. */
function sectionOf(words: string): string {
  const [, rest] = onDisk.split(new RegExp(`^## \`${words}(?: .*)?\`$`, 'm'))
  return rest?.split(/^## /m)[0] ?? ''
}

/** The whole help of a command, as it is printed. */
function helpOf(command: Command): string {
  let help = ''
  command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp()
  return help
}

describe('docs/cli.md', () => {
  it('is what the program says; if not: npm run docs', () => {
    expect(onDisk).toBe(cliReference(createProgram()))
  })

  it.each(commands)('tells what $words does, takes and shows as examples', ({ words, command }) => {
    const section = sectionOf(words)
    expect(section).toContain(command.description())
    for (const { flags } of command.options) expect(section).toContain(`| \`${flags}\` |`)
    for (const [example] of helpOf(command).matchAll(/^ {2}sealift .*$/gm)) expect(section).toContain(example)
  })

  it('names no command that is not there', () => {
    const headings = [...onDisk.matchAll(/^## `(sealift[a-z ]*?)(?: [<[].*)?`$/gm)].map(([, words]) => words)
    expect(headings).toEqual(commands.map(({ words }) => words))
  })
})
