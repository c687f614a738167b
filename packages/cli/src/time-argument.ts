import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A length of time on the command line, like `30s`, `15m`, `12h` or `2d`, in seconds. */
export function parseSeconds(text: string): number {
  const match = /^(?<count>\d{1,7})(?<unit>[smhd])$/.exec(text)
  const unit = UNITS[match?.groups?.unit ?? '']
  if (unit === undefined) throw new InvalidArgumentError('expected a time like 30s, 15m, 12h or 2d.')
  return Number(match?.groups?.count) * unit
}
