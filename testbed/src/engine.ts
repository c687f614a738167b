import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { must, run } from './command.ts'
import { clearRemains, type EngineFolders } from './engine-remains.ts'
import { cacheFolder, runFolder } from './paths.ts'
import { argumentsOf, ended, signal } from './processes.ts'
import { say } from './say.ts'

/** A Docker Engine that answers. */
export interface Engine {
  /** What DOCKER_HOST takes. */
  readonly host: string
  /** Runs the docker command against this engine; it must succeed. Gives its standard output. */
  readonly docker: (...argv: string[]) => Promise<string>
  /** Ends the engine and takes away everything but its data. Safe to call twice. `now` does not wait for containers to stop. */
  stop(options?: { now?: boolean }): Promise<void>
}

export interface EngineOptions {
  /** Tells engines apart; a second one with the same name replaces the first. */
  readonly name: string
  readonly dataRoot: string
  /** The path of the socket to listen on. */
  readonly socket: string
  /** The name of a network namespace to run in. */
  readonly netns?: string
  /** Default: dockerd.log in the data root. */
  readonly log?: string
}

/**
 * Starts an engine of its own, with a containerd of its own, and waits until it answers. What an engine with this name left behind
 * when it was killed is cleared away first. The engine outlives this process unless it is stopped.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { dataRoot, socket } = options
  const folders: EngineFolders = { dataRoot, execRoot: execRootOf(options.name) }
  const { execRoot } = folders
  const log = options.log ?? join(dataRoot, 'dockerd.log')
  await clearRemains(folders)
  for (const folder of [dataRoot, execRoot, dirname(socket), dirname(log)]) mkdirSync(folder, { recursive: true })
  rmSync(socket, { force: true })

  // The machine's own settings are not meant for this engine, and could contradict its arguments.
  const settings = join(execRoot, 'daemon.json')
  writeFileSync(settings, '{}\n')
  const containerdSettings = join(execRoot, 'containerd.toml')
  writeFileSync(containerdSettings, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')

  // Without a containerd of its own it would share the machine's, and its containers with the machine's engine. And not through
  // `ip netns exec`: that mounts a new /sys, in which the engine finds no control groups.
  const inside = options.netns === undefined ? [] : ['nsenter', `--net=/var/run/netns/${options.netns}`]
  const containerdSocket = join(execRoot, 'containerd.sock')
  const output = openSync(log, 'a')
  try {
    const containerdFolders = ['--root', join(dataRoot, 'containerd-root'), '--state', join(execRoot, 'containerd')]
    const containerd = startDaemon([...inside, 'containerd', '--config', containerdSettings, '--address', containerdSocket, ...containerdFolders], output)
    await until('containerd', log, () => Promise.resolve(existsSync(containerdSocket)), containerd)
    const dockerdFolders = ['--data-root', dataRoot, '--exec-root', join(execRoot, 'docker'), '--pidfile', pidFileOf(execRoot)]
    const dockerdEnds = ['--host', `unix://${socket}`, '--containerd', containerdSocket]
    const dockerd = startDaemon([...inside, 'dockerd', '--config-file', settings, ...dockerdEnds, ...dockerdFolders], output)
    await until('dockerd', log, () => answers(socket), dockerd)
  } catch (error) {
    await clearRemains(folders)
    throw error
  } finally {
    closeSync(output)
  }
  return openEngine(options)
}

/** The engine with this name that an earlier call, perhaps of another process, has started. */
export function openEngine({ name, dataRoot, socket }: EngineOptions): Engine {
  const folders: EngineFolders = { dataRoot, execRoot: execRootOf(name) }
  return engineAt(`unix://${socket}`, async ({ now = false } = {}) => {
    const pid = runningDockerd(folders.execRoot)
    if (pid !== undefined && !now) {
      signal([pid], 'SIGTERM')
      await ended([pid], 30_000)
    }
    await clearRemains(folders)
    rmSync(socket, { force: true })
  })
}

/** The engine of the vendor's side. */
export interface VendorEngine extends Engine {
  /** Whether it was started by this call, and so is the caller's to stop; stopping another one does nothing. */
  readonly isOurs: boolean
}

/**
 * The engine that answers at DOCKER_HOST or at the usual socket; where none does, one of our own, which keeps its images in the
 * cache folder from run to run.
 */
export async function vendorEngine(): Promise<VendorEngine> {
  for (const host of [process.env.DOCKER_HOST, 'unix:///var/run/docker.sock']) {
    if (!host || (await run(['docker', '--host', host, 'version']).catch(() => ({ code: 1 }))).code !== 0) continue
    say(`using the engine at ${host}`)
    return notOurs(host)
  }
  const { dataRoot, socket, name } = vendorOptions()
  // Another run may have it in use, or be about to.
  for (let tries = 0; tries < 100 && runningDockerd(execRootOf(name)) !== undefined; tries++) {
    if (await answers(socket)) {
      say(`using the testbed's engine, which runs already at unix://${socket}`)
      return notOurs(`unix://${socket}`)
    }
    await sleep(100)
  }
  say(`starting an engine on ${dataRoot}`)
  return { ...(await startEngine(vendorOptions())), isOurs: true }
}

/** Ends the vendor's engine that is the testbed's own, whoever started it. Its images stay. */
export function stopVendorEngine(): Promise<void> {
  return openEngine(vendorOptions()).stop()
}

function vendorOptions(): EngineOptions {
  const cache = cacheFolder()
  return { name: 'vendor', dataRoot: join(cache, 'engine'), socket: join(runFolder, 'vendor.sock'), log: join(cache, 'engine.log') }
}

function notOurs(host: string): VendorEngine {
  return { ...engineAt(host, async () => {}), isOurs: false }
}

function engineAt(host: string, stop: Engine['stop']): Engine {
  return { host, stop, docker: (...argv) => must(['docker', '--host', host, ...argv]) }
}

function execRootOf(name: string): string {
  return join(runFolder, name)
}

function pidFileOf(execRoot: string): string {
  return join(execRoot, 'dockerd.pid')
}

/** The id in a file that a killed engine left may belong to any other process by now, so what that process is decides. */
function runningDockerd(execRoot: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFileOf(execRoot), 'utf8'))
    return argumentsOf(pid).includes(pidFileOf(execRoot)) ? pid : undefined
  } catch {
    return undefined
  }
}

interface Daemon {
  readonly hasEnded: () => boolean
}

function startDaemon(argv: readonly string[], output: number): Daemon {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, { detached: true, stdio: ['ignore', output, output] })
  let hasEnded = false
  child.once('exit', () => {
    hasEnded = true
  })
  child.once('error', () => {
    hasEnded = true
  })
  child.unref()
  return { hasEnded: () => hasEnded }
}

async function until(program: string, log: string, isReady: () => Promise<boolean>, daemon: Daemon): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await isReady())) {
    if (daemon.hasEnded() || Date.now() > end) {
      const last = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-12).join('\n') : ''
      throw new Error(`${program} ${daemon.hasEnded() ? 'ended at its start' : 'did not answer within a minute'}; the end of ${log}:\n${last}`)
    }
    await sleep(50)
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}
