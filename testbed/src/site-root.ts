import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { must } from './command.ts'
import { debianTar } from './debian.ts'

/** Where a site finds the stick that was plugged in. */
export const stickInSite = '/media/usb'

export interface SiteRootOptions {
  readonly hostname: string
  /** The folder of this machine that stands for the stick. */
  readonly stick: string
  /** The program that the site's administrator was handed; it becomes `sealift` on the PATH. */
  readonly sealiftFile?: string
}

/**
 * Fills a folder with what a site's machine is: Debian with nothing added, so neither Node nor a checkout nor lists of packages.
 * It has its own processes' view, the devices that programs expect, and the stick.
 */
export async function makeSiteRoot(root: string, { hostname, stick, sealiftFile }: SiteRootOptions): Promise<void> {
  mkdirSync(root, { recursive: true })
  await must(['tar', '--extract', '--numeric-owner', '--directory', root, '--file', await debianTar({ variant: 'apt', packages: [] })])
  const at = (path: string) => join(root, path)
  for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) rmSync(at(`dev/${name}`), { force: true })
  for (const [name, major, minor] of [
    ['null', 1, 3],
    ['zero', 1, 5],
    ['full', 1, 7],
    ['random', 1, 8],
    ['urandom', 1, 9],
    ['tty', 5, 0],
  ]) {
    await must(['mknod', '-m', '666', at(`dev/${name}`), 'c', String(major), String(minor)])
  }
  for (const [name, target] of [
    ['fd', '/proc/self/fd'],
    ['stdin', 'fd/0'],
    ['stdout', 'fd/1'],
    ['stderr', 'fd/2'],
  ] as const) {
    rmSync(at(`dev/${name}`), { force: true })
    symlinkSync(target, at(`dev/${name}`))
  }
  mkdirSync(at('dev/shm'), { recursive: true, mode: 0o1777 })
  writeFileSync(at('etc/hostname'), `${hostname}\n`)
  writeFileSync(at('etc/hosts'), `127.0.0.1 localhost ${hostname}\n::1 localhost\n`)
  writeFileSync(at('etc/resolv.conf'), '# No name server: nothing to ask, and no way there.\n')
  for (const folder of ['proc', 'run', stickInSite, 'usr/local/bin']) mkdirSync(at(folder), { recursive: true })
  if (sealiftFile !== undefined) {
    copyInto(root, sealiftFile, '/usr/local/bin/sealift')
    chmodSync(at('usr/local/bin/sealift'), 0o755)
  }
  await must(['mount', '-t', 'proc', 'proc', at('proc')])
  mkdirSync(stick, { recursive: true })
  await must(['mount', '--bind', stick, at(stickInSite)])
}

/** Keeps a host name in a file, for programs to be entered into: a site has another name than this machine. */
export async function makeHostname(file: string, hostname: string): Promise<void> {
  writeFileSync(file, '')
  await must(['unshare', `--uts=${file}`, 'hostname', hostname])
}

/** Copies a file or folder of this machine to a path of a site. */
export function copyInto(root: string, from: string, to: string): void {
  const target = join(root, to)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(from, target, { recursive: true, preserveTimestamps: true })
}
