import { readFileSync } from 'node:fs'
import { run } from './command.ts'

/** The mount points at or below a folder, innermost first. */
export function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .toReversed()
}

/** Unmounts everything at or below a folder, what is still in use too. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountsBelow(folder)) await run(['umount', '--lazy', point])
}

/** The kernel writes blanks in paths as octal numbers. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
