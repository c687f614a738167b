import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { unmountBelow } from './mounts.ts'
import { argumentsOf, childrenOf, ended, namesFolder, processesWhere, signal } from './processes.ts'

/** The folders of one engine: by their paths its processes and mounts are told from those of every other engine. */
export interface EngineFolders {
  readonly dataRoot: string
  /** Sockets, process ids, state that ends with the engine. */
  readonly execRoot: string
}

/** Takes away whatever an engine left behind when it was killed: processes, mounts, control groups, sockets. Its data stays. */
export async function clearRemains({ dataRoot, execRoot }: EngineFolders): Promise<void> {
  const named = (program: string) => processesWhere((pid) => (argumentsOf(pid)[0] ?? '').split('/').at(-1) === program && namesFolder(pid, execRoot))
  // Whoever would start something again goes first.
  for (const program of ['dockerd', 'containerd']) await end(named(program))
  const shims = named('containerd-shim-runc-v2')
  await end(childrenOf(shims))
  await end(shims)
  await unmountBelow(execRoot)
  await unmountBelow(dataRoot)
  removeControlGroups(dataRoot)
  rmSync(execRoot, { recursive: true, force: true })
}

async function end(pids: readonly number[]): Promise<void> {
  signal(pids, 'SIGKILL')
  await ended(pids, 5000)
}

function removeControlGroups(dataRoot: string): void {
  const containers = join(dataRoot, 'containers')
  if (!existsSync(containers)) return
  const hierarchies = ['', ...readdirSync('/sys/fs/cgroup')].map((name) => join('/sys/fs/cgroup', name, 'docker'))
  for (const id of readdirSync(containers)) {
    for (const hierarchy of hierarchies) {
      try {
        rmdirSync(join(hierarchy, id))
      } catch {
        // It was not there, which is what was wanted.
      }
    }
  }
}
