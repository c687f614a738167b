import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandOptions, type Outcome, run } from './command.ts'
import { type Engine, type EngineOptions, openEngine, startEngine } from './engine.ts'
import { type IsolationFinding, proveIsolation } from './isolation.ts'
import { mountsBelow, unmountBelow } from './mounts.ts'
import { addNetns, insideNetns, removeNetns } from './netns.ts'
import { ended, processesRootedAt, signal } from './processes.ts'
import { type InsideAnswer, type InsideRequest, requestInside } from './request.ts'
import { say } from './say.ts'
import { isStale, readSiteRecord, siteFolder, siteNames, writeSiteRecord } from './site-record.ts'
import { copyInto, makeHostname, makeSiteRoot } from './site-root.ts'

export interface SiteOptions {
  /** Tells sites apart. */
  readonly name: string
  /** The program that the site was handed; on its PATH as `sealift`. */
  readonly sealiftFile?: string
  /** The folder of this machine that is plugged in at /media/usb; default: a new one. */
  readonly stick?: string
  /** Leaves the site alone when this process ends, until someone destroys it by name. */
  readonly keep?: boolean
}

export interface SiteRunOptions extends Omit<CommandOptions, 'cwd' | 'env'> {
  readonly cwd?: string
  /** Added to the few variables that a login gives; none of this process's own go in. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * A machine without a way out: a network namespace of its own, an engine with an empty store in it, and a root folder with plain
 * Debian and nothing else. The engine itself sees this machine's files, so a path of the site means nothing to it.
 */
export interface Site {
  readonly name: string
  /** The name of its network namespace. */
  readonly netns: string
  /** Its root folder, as a path of this machine. */
  readonly root: string
  /** The folder of this machine that is its /media/usb. */
  readonly stick: string
  /** Its engine, reached from this machine by its socket. Inside it is at /var/run/docker.sock. */
  readonly engine: Engine
  /** The command line by which a person gets a shell in it. */
  readonly enterCommand: string
  /** Runs one of the site's programs to its end, whatever its code. */
  run(argv: readonly string[], options?: SiteRunOptions): Promise<Outcome>
  /** Starts one of the site's programs and does not wait, for those that serve. */
  spawn(argv: readonly string[], options?: { env?: Readonly<Record<string, string>>; stdio?: StdioOptions }): ChildProcess
  /** Runs a program of this machine on the site's network, such as a browser. */
  runOnNetwork(argv: readonly string[], options?: CommandOptions): Promise<Outcome>
  /** Copies a file or folder of this machine into the site. */
  copyIn(from: string, to: string): void
  /** Copies a file or folder out of the site. */
  copyOut(from: string, to: string): void
  /** Makes an HTTP request from inside the site. */
  readonly request: (url: string, request?: InsideRequest) => Promise<InsideAnswer>
  /** Proves that it has no way out, and says how; throws when it has one. */
  proveIsolation(): Promise<IsolationFinding[]>
  /** Takes everything away: programs, containers, engine, network, files. Not a stick that was handed in. Safe to call twice. */
  destroy(): Promise<void>
}

/**
 * Makes a site. Those that killed runs have left behind are cleared away first; a site with this name must not be in use.
 */
export async function createSite(options: SiteOptions): Promise<Site> {
  const { name, keep = false } = options
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) throw new Error(`a site's name is made of small letters, digits and hyphens, not ${name}`)
  await destroyStaleSites()
  if (siteNames().includes(name)) throw new Error(`there is a site ${name} already; destroy it first`)
  const folder = siteFolder(name)
  const stick = options.stick ?? join(folder, 'stick')
  mkdirSync(folder, { recursive: true })
  // First of all, so that whatever is made from here on can be found and cleared away.
  writeSiteRecord({ name, stick, keep })
  const site = siteAt(name, stick)
  try {
    await addNetns(site.netns)
    await makeSiteRoot(site.root, { hostname: name, stick, ...(options.sealiftFile === undefined ? {} : { sealiftFile: options.sealiftFile }) })
    await makeHostname(hostnameOf(name), name)
    await startEngine(engineOptions(name))
  } catch (error) {
    await site.destroy()
    throw error
  }
  return site
}

/** A site that another process has made; undefined when there is none with this name. */
export function openSite(name: string): Site | undefined {
  const record = readSiteRecord(name)
  return record === undefined ? undefined : siteAt(name, record.stick)
}

/** Takes away everything of a site, however much of it there is. */
export async function destroySite(name: string): Promise<void> {
  const folder = siteFolder(name)
  const root = rootOf(name)
  const inside = processesRootedAt(root)
  signal(inside, 'SIGKILL')
  await ended(inside, 5000)
  await openEngine(engineOptions(name)).stop({ now: true })
  await unmountBelow(folder)
  await removeNetns(netnsOf(name))
  // What is still mounted may be somebody's stick, and would be emptied.
  const left = mountsBelow(folder)
  if (left.length > 0) throw new Error(`${left.join(', ')} cannot be unmounted, so the site ${name} is not removed`)
  rmSync(folder, { recursive: true, force: true })
}

/** Clears away the sites of runs that were killed. */
export async function destroyStaleSites(): Promise<void> {
  for (const name of siteNames().filter(isStale)) {
    say(`clearing away the site ${name}, which a killed run has left`)
    await destroySite(name)
  }
}

function siteAt(name: string, stick: string): Site {
  const netns = netnsOf(name)
  const root = rootOf(name)
  const inside = [...insideNetns(netns), `--uts=${hostnameOf(name)}`, 'chroot', root]
  const enter = (argv: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = '/root') => {
    const variables = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', USER: 'root', LANG: 'C.UTF-8', ...env }
    const terminal = process.env.TERM === undefined ? [] : [`TERM=${process.env.TERM}`]
    const assignments = [...terminal, ...Object.entries(variables).map(([key, value]) => `${key}=${value}`)]
    return [...inside, '/usr/bin/env', '-i', `--chdir=${cwd}`, ...assignments, ...argv]
  }
  return {
    name,
    netns,
    root,
    stick,
    engine: openEngine(engineOptions(name)),
    enterCommand: [...inside, '/bin/bash', '-l'].join(' '),
    run: (argv, { env, cwd, ...options } = {}) => run(enter(argv, env, cwd), options),
    spawn: (argv, { env, stdio = 'inherit' } = {}) => {
      const [program = '', ...rest] = enter(argv, env)
      return spawn(program, rest, { stdio })
    },
    runOnNetwork: (argv, options) => run([...insideNetns(netns), ...argv], options),
    copyIn: (from, to) => copyInto(root, from, to),
    copyOut: (from, to) => cpSync(join(root, from), to, { recursive: true, preserveTimestamps: true }),
    request: (url, request) => requestInside(netns, url, request),
    proveIsolation: () => proveIsolation(netns),
    destroy: () => destroySite(name),
  }
}

function netnsOf(name: string): string {
  return `sealift-${name}`
}

function hostnameOf(name: string): string {
  return join(siteFolder(name), 'hostname')
}

function rootOf(name: string): string {
  return join(siteFolder(name), 'root')
}

function engineOptions(name: string): EngineOptions {
  return {
    name: `site-${name}`,
    dataRoot: join(siteFolder(name), 'engine'),
    // Inside the root folder, where the site's own programs find it; Debian's /var/run leads to /run.
    socket: join(rootOf(name), 'run/docker.sock'),
    netns: netnsOf(name),
  }
}
