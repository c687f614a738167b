import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../testbed/src/command.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The one self-contained file that sites run; made where it is not current. */
export function packagedProgram(): string {
  const target = `linux-${process.arch}`
  execFileSync(process.execPath, [join(ROOT, 'scripts/package.ts'), target], { stdio: ['ignore', 'ignore', 'inherit'] })
  return join(ROOT, 'dist', `sealift-${target}`)
}

/** The command that runs the program from the checkout. */
export const checkoutProgram = join(ROOT, 'sealift')

/** A side of a delivery: a program, and its data folder. */
export class Side {
  readonly program: string
  readonly data: string
  readonly env: NodeJS.ProcessEnv

  constructor(program: string, data: string, engineHost?: string) {
    this.program = program
    this.data = data
    this.env = { ...process.env, ...(engineHost === undefined ? {} : { DOCKER_HOST: engineHost }) }
  }

  /** The whole command line of a command. */
  argv(...words: readonly string[]): readonly string[] {
    return [this.program, '--data', this.data, '--json', ...words]
  }

  /** Runs a command, which must succeed; gives what it answers. */
  async run(...words: readonly string[]): Promise<unknown> {
    return JSON.parse(await must(this.argv(...words), { env: this.env })) as unknown
  }

  /** The fingerprint that a site is told. */
  async fingerprint(): Promise<string> {
    const keys = (await this.run('keys', 'list')) as readonly { readonly fingerprint: string; readonly use: string }[]
    return keys.find(({ use }) => use === 'signing')?.fingerprint ?? ''
  }

  /** Takes data folder and key away. */
  remove(): void {
    for (const path of [this.data, `${this.data}.key`]) if (existsSync(path)) rmSync(path, { recursive: true })
  }
}
