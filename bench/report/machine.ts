import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { must } from '../../testbed/src/command.ts'

/** What the figures were found on. Names no machine and no path. */
export interface Machine {
  readonly cores: number
  readonly processor: string
  /** bytes */
  readonly memory: number
  readonly disk: string
  readonly kernel: string
  readonly runtime: string
  readonly engine: string
  readonly skopeo: string
  /** Runnable processes in the minute before the start. */
  readonly load: number
}

/** @param folder where the bench works: its disk counts */
export async function describeMachine(folder: string, engineHost: string): Promise<Machine> {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memory: totalmem(),
    disk: describeDisk(folder),
    kernel: release(),
    runtime: `Node ${process.version.slice(1)}`,
    engine: `Docker Engine ${await must(['docker', '--host', engineHost, 'version', '--format', '{{.Server.Version}}'])}`,
    skopeo: await must(['skopeo', '--version']),
    load: loadavg()[0] ?? 0,
  }
}

function describeDisk(folder: string): string {
  const { dev } = statSync(folder)
  // As gnu_dev_major and gnu_dev_minor take it apart.
  const device = `/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  const [, , system = 'unknown file system'] =
    readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, point = '']) => point !== '' && (folder === point || folder.startsWith(point === '/' ? '/' : `${point}/`)))
      .toSorted((a, b) => (a[1] ?? '').length - (b[1] ?? '').length)
      .at(-1) ?? []
  if (!existsSync(device)) return system
  const own = realpathSync(device)
  const whole = existsSync(join(own, 'queue')) ? own : dirname(own)
  const name = basename(whole)
  const kind = name.startsWith('vd') ? 'a virtual disk' : name.startsWith('nvme') ? 'NVMe' : isRotational(whole) ? 'a hard disk' : 'an SSD'
  return `${system} on ${kind}`
}

function isRotational(device: string): boolean {
  const file = join(device, 'queue', 'rotational')
  return existsSync(file) && readFileSync(file, 'utf8').trim() === '1'
}

/** As lines of Markdown. */
export function formatMachine(machine: Machine): string {
  const { cores, processor, memory, disk, kernel, runtime, engine, skopeo, load } = machine
  return [
    `- ${cores} cores (${processor}), ${(memory / 1e9).toFixed(0)} GB of memory, ${disk}`,
    `- Linux ${kernel}, ${runtime}, ${engine}, ${skopeo}`,
    `- load average of the minute before: ${load.toFixed(2)}`,
  ].join('\n')
}
