import { existsSync } from 'node:fs'
import { must, run } from './command.ts'

/** The words before a command that make it run in a network namespace. */
export function insideNetns(netns: string): string[] {
  return ['nsenter', `--net=/var/run/netns/${netns}`]
}

/** Makes a network namespace that has a loopback interface and nothing else. */
export async function addNetns(netns: string): Promise<void> {
  await must(['ip', 'netns', 'add', netns])
  await must(['ip', '-netns', netns, 'link', 'set', 'lo', 'up'])
}

/** Removes a network namespace. Fine when there is none. */
export async function removeNetns(netns: string): Promise<void> {
  if (existsSync(`/var/run/netns/${netns}`)) await run(['ip', 'netns', 'delete', netns])
}
