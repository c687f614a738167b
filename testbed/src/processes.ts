import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The processes of which something is true. One that ends while it is looked at is left out. */
export function processesWhere(isWanted: (pid: number) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && isWanted(pid)
      } catch {
        return false
      }
    })
}

/** The arguments that a process was started with. Throws when there is no such process. */
export function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
}

/** Whether an argument of the process points into the folder. */
export function namesFolder(pid: number, folder: string): boolean {
  return argumentsOf(pid).some((argument) => argument.includes(`${folder}/`))
}

/** The children of the given processes. */
export function childrenOf(parents: readonly number[]): number[] {
  return processesWhere((pid) => parents.includes(parentOf(pid)))
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold anything; the fields after it may not.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** When a process was started, in ticks since boot: with its id, what tells it from a later one with the same id. */
export function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** The processes whose root folder is the given one. */
export function processesRootedAt(folder: string): number[] {
  return processesWhere((pid) => readlinkSync(`/proc/${pid}/root`) === folder)
}

/** Sends a signal to each; one that has ended already is fine. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // It is gone.
    }
  }
}

/** Waits until none of the processes runs any more. False when some still do at the end of the time. */
export async function ended(pids: readonly number[], milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (pids.some(isRunning)) {
    if (Date.now() > end) return false
    await sleep(25)
  }
  return true
}

function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // A zombie has ended; it waits only for a parent that may never ask.
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch {
    return false
  }
}
