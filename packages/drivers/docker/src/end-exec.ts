import { readFile } from 'node:fs/promises'
import { isLocalAddress } from './engine-address.ts'
import type { EngineClient } from './engine-client.ts'

/**
 * Kills a command that runs inside a container. Engines have no request for that: its process is killed
 * where the engine is on this machine and this program may; elsewhere it runs on.
 * @returns whether it runs no more
 */
export async function endExec(engine: EngineClient, id: string): Promise<boolean> {
  const details = await engine.inspectExec(id)
  if (details === undefined || !details.Running) return true
  const { Pid, ContainerID } = details
  if (!isLocalAddress(engine.address) || Pid === undefined || Pid <= 1 || ContainerID === undefined) return false
  try {
    // An engine in another namespace of processes counts otherwise: only a process of that very container is killed.
    if (!(await readFile(`/proc/${Pid}/cgroup`, 'utf8')).includes(ContainerID)) return false
    process.kill(Pid, 'SIGKILL')
    return true
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return code === 'ESRCH' || code === 'ENOENT'
  }
}
