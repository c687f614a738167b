import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { aptProxy, debianSources } from './apt.ts'
import { must } from './command.ts'
import { cacheFolder } from './paths.ts'
import { say } from './say.ts'

/** The release of Debian that images and sites are made of. */
const suite = 'bookworm'

/** Every file of a system gets at most this time, so that the same packages give the same bytes. */
export const epoch = 1_700_000_000

// As in the slim images that many build upon; and packages that come later start no services.
const customisation = [
  ...['doc', 'info', 'locale', 'man'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
  '--dpkgopt=path-include=/usr/share/doc/*/copyright',
  `--customize-hook=printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"`,
  '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
]

export interface DebianSystem {
  /** How much of Debian, in the words of mmdebstrap. */
  readonly variant: 'apt' | 'minbase'
  readonly packages: readonly string[]
}

/** What identifies a system in the cache: all that it is made from but the day. */
export function debianInputs(system: DebianSystem): string {
  return createHash('sha256')
    .update(JSON.stringify([suite, epoch, customisation, system.variant, system.packages]))
    .digest('hex')
}

/** The path of a tar of a small Debian system, made once and then kept in the cache folder. */
export async function debianTar(system: DebianSystem): Promise<string> {
  const folder = join(cacheFolder(), 'debian')
  const tar = join(folder, `${system.variant}-${debianInputs(system).slice(0, 16)}.tar`)
  if (existsSync(tar)) return tar
  say(`making a Debian ${suite} (${system.variant})`)
  mkdirSync(folder, { recursive: true })
  const partial = `${tar}.${process.pid}.tar`
  const packages = system.packages.length === 0 ? [] : [`--include=${system.packages.join(',')}`]
  try {
    await must(['mmdebstrap', '--quiet', `--variant=${system.variant}`, ...packages, ...customisation, suite, partial, ...debianSources(suite)], {
      env: { ...process.env, ...(await aptProxy()), SOURCE_DATE_EPOCH: String(epoch) },
    })
    renameSync(partial, tar)
  } finally {
    rmSync(partial, { force: true })
  }
  return tar
}
