import { SealiftError } from '@sealift/oci/sealift-error.ts'

/**
 * A version. Kept apart from npm's semver, which drops the fourth number of 1.2.3.4 and refuses
 * 2024.01: versions here are the vendors', in whatever scheme they count.
 */
export interface Version {
  readonly text: string
  /** As many as were given, at least one. */
  readonly numbers: readonly number[]
  /** What follows the first dash (`rc1`), cut at dots; empty for a finished version. */
  readonly prerelease: readonly string[]
}

const PATTERN = /^v?([0-9]{1,15}(?:\.[0-9]{1,15}){0,5})(?:-([0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*))?(?:\+[0-9A-Za-z._-]*)?$/

function read(text: string): Version | undefined {
  const parts = text.length > 64 ? null : PATTERN.exec(text)
  if (parts?.[1] === undefined) return undefined
  return { text, numbers: parts[1].split('.').map(Number), prerelease: parts[2]?.split('.') ?? [] }
}

/**
 * Reads `2.9`, `3.0.0`, `2024.1-rc1`, `20.10.24+dfsg1`; a `v` before it is allowed.
 * @throws SealiftError `VERSION_INVALID`
 */
export function parseVersion(text: string): Version {
  const version = read(text)
  if (version !== undefined) return version
  throw new SealiftError('VERSION_INVALID', `version: expected one such as 3.0.0, 2.9 or 2024.1-rc1, found ${JSON.stringify(text)}`)
}

function compareIdentifiers(a: string, b: string): number {
  const [aNumeric, bNumeric] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)]
  if (aNumeric && bNumeric) return Math.sign(Number(a) - Number(b))
  if (aNumeric !== bNumeric) return aNumeric ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}

/** -1, 0 or 1. Missing numbers count as 0, so 2.9 equals 2.9.0; a prerelease is lower than its release; what follows + does not count. */
export function compareVersions(a: Version, b: Version): -1 | 0 | 1 {
  const sign = (difference: number): -1 | 0 | 1 => (difference < 0 ? -1 : difference > 0 ? 1 : 0)
  for (let position = 0; position < Math.max(a.numbers.length, b.numbers.length); position++) {
    const difference = (a.numbers[position] ?? 0) - (b.numbers[position] ?? 0)
    if (difference !== 0) return sign(difference)
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return sign(b.prerelease.length - a.prerelease.length)
  for (let position = 0; position < Math.max(a.prerelease.length, b.prerelease.length); position++) {
    const [first, second] = [a.prerelease[position], b.prerelease[position]]
    if (first === undefined || second === undefined) return first === undefined ? -1 : 1
    const difference = compareIdentifiers(first, second)
    if (difference !== 0) return sign(difference)
  }
  return 0
}

/** One condition: all versions from `from` on, or above it, up to and with or without `to`. */
interface Interval {
  readonly from?: Version
  readonly above?: Version
  readonly to?: Version
  readonly below?: Version
}

/** Alternatives, each of conditions that must all hold. */
export interface VersionRange {
  readonly text: string
  readonly alternatives: readonly (readonly Interval[])[]
}

const atNumbers = (numbers: readonly number[]): Version => ({ text: numbers.join('.'), numbers, prerelease: [] })

/** The first version above all that begin with the first `count` numbers. Its own prereleases are above as well. */
function after(numbers: readonly number[], count: number): Version {
  const kept = numbers.slice(0, count)
  return { ...atNumbers([...kept.slice(0, -1), (kept.at(-1) ?? 0) + 1]), prerelease: ['0'] }
}

const CONDITION = /^(>=|<=|>|<|=|\^|~)?\s*(\S+)$/

function condition(text: string): Interval | undefined {
  if (text === '*' || text === 'x') return {}
  const parts = CONDITION.exec(text)
  if (parts?.[2] === undefined) return undefined
  const [, operator, operand] = parts
  const wildcard = /^(v?[0-9]+(?:\.[0-9]+)*)\.[x*](?:\.[x*])*$/.exec(operand)
  if (wildcard?.[1] !== undefined) {
    const version = read(wildcard[1])
    return operator === undefined && version !== undefined ? { from: version, below: after(version.numbers, version.numbers.length) } : undefined
  }
  const version = read(operand)
  if (version === undefined) return undefined
  const { numbers } = version
  switch (operator) {
    case '>=':
      return { from: version }
    case '>':
      return { above: version }
    case '<=':
      return { to: version }
    case '<':
      return { below: version }
    case '^': {
      const significant = numbers.findIndex((number) => number !== 0)
      return { from: version, below: after(numbers, significant < 0 ? numbers.length : significant + 1) }
    }
    case '~':
      return { from: version, below: after(numbers, Math.min(numbers.length, 2)) }
    case '=':
    case undefined:
    default:
      return { from: version, to: version }
  }
}

/**
 * Reads a range: `>=2.0.0`, `>=2 <3`, `^2.4` (nothing left of the first number that is not 0 changes),
 * `~2.9` (the first two numbers stay), `2.x`, `*`, an exact version; alternatives with `||`.
 * Prereleases are versions like all others: 3.0.0-rc1 fits `>=2` and not `<3.0.0-0`.
 * @throws SealiftError `VERSION_INVALID`
 */
export function parseVersionRange(text: string): VersionRange {
  const invalid = (): SealiftError =>
    new SealiftError('VERSION_INVALID', `range of versions: expected one such as ">=2.0.0", "^2.4" or "2.x || 3.x", found ${JSON.stringify(text)}`)
  if (text.length > 256) throw invalid()
  const alternatives = text.split('||').map((alternative) => {
    const conditions = alternative
      .trim()
      .replaceAll(/([<>=^~])\s+/g, '$1')
      .split(/\s+/)
    return conditions.map((each) => {
      const interval = condition(each)
      if (interval === undefined) throw invalid()
      return interval
    })
  })
  return { text, alternatives }
}

/** Whether a version is in a range. */
export function versionInRange(version: Version, { alternatives }: VersionRange): boolean {
  const fits = ({ from, above, to, below }: Interval): boolean =>
    (from === undefined || compareVersions(version, from) >= 0) &&
    (above === undefined || compareVersions(version, above) > 0) &&
    (to === undefined || compareVersions(version, to) <= 0) &&
    (below === undefined || compareVersions(version, below) < 0)
  return alternatives.some((conditions) => conditions.every(fits))
}
