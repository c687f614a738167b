import { execFile } from 'node:child_process'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { UNIT_MARK } from './unit.ts'

/** How the service is. */
export interface ServiceStatus {
  readonly unit: string
  readonly installed: boolean
  /** systemd's own words: active, inactive, failed, … */
  readonly active: string
  /** enabled where it starts with the machine. */
  readonly enabled: string
}

/** The unit files of this machine or of a user, and the systemd that runs them. */
export class Systemd {
  readonly #user: boolean

  constructor(user: boolean) {
    this.#user = user
  }

  pathOf(name: string): string {
    const folder = this.#user ? join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'systemd/user') : '/etc/systemd/system'
    return join(folder, `${name}.service`)
  }

  /**
   * Writes the unit, makes it start with the machine, and starts it or, where it runs, restarts it.
   * @throws SealiftError `SYSTEMD_MISSING`, `FILE_EXISTS` where someone else wrote a unit of this name
   */
  async install(name: string, text: string): Promise<void> {
    await this.#requireRunning()
    const path = this.pathOf(name)
    await this.#requireOurs(path)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.partial`
    const file = await open(temporary, 'w', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await this.#do('daemon-reload')
    await this.#do('enable', `${name}.service`)
    await this.#do('restart', `${name}.service`)
  }

  /**
   * Stops the service and removes its unit; the data folder stays.
   * @returns whether there was one
   * @throws SealiftError as {@link install}
   */
  async remove(name: string): Promise<boolean> {
    const path = this.pathOf(name)
    if (!(await this.#requireOurs(path))) return false
    await this.#requireRunning()
    await this.#do('disable', '--now', `${name}.service`)
    await rm(path, { force: true })
    await this.#do('daemon-reload')
    return true
  }

  async status(name: string): Promise<ServiceStatus> {
    const ask = async (verb: string): Promise<string> => (await this.#run(verb, `${name}.service`)).text || 'unknown'
    const installed = await readFile(this.pathOf(name)).then(
      () => true,
      () => false,
    )
    return { unit: this.pathOf(name), installed, active: await ask('is-active'), enabled: await ask('is-enabled') }
  }

  /** Whether there is a unit; throws where another wrote it. */
  async #requireOurs(path: string): Promise<boolean> {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw thrown
    }
    if (text.startsWith(UNIT_MARK)) return true
    throw new SealiftError('FILE_EXISTS', `${path} was not written by Sealift`, { hint: 'Choose another name with --name, or remove the file.' })
  }

  async #requireRunning(): Promise<void> {
    const { code, text } = await this.#run('is-system-running')
    // It says how it is also where something else is broken; without an answer there is none.
    if (code === 0 || /^(running|degraded|starting|initializing|maintenance)$/.test(text)) return
    throw new SealiftError('SYSTEMD_MISSING', `no systemd runs here${text === '' ? '' : `: ${text}`}`)
  }

  async #do(...words: readonly string[]): Promise<void> {
    const { code, text } = await this.#run(...words)
    if (code !== 0) throw new SealiftError('SERVICE_FAILED', `systemctl ${words.join(' ')}: ${text}`)
  }

  #run(...words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
    return new Promise((resolve) => {
      execFile('systemctl', [...(this.#user ? ['--user'] : []), ...words], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 127, text: (stdout || stderr).trim() })
      })
    })
  }
}
