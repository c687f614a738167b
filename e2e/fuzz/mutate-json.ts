import type { Random } from './random.ts'

/** Any JSON value that can be changed. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const deep = (levels: number): Json => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json

/** Values that a reader did not think of. */
const NASTY: readonly (() => Json)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0,
  () => 1,
  () => 511,
  () => 512,
  () => 4 * 1024 * 1024,
  () => 4 * 1024 * 1024 + 1,
  () => 2 ** 31,
  () => 2 ** 32,
  () => 2 ** 53 - 1,
  () => 2 ** 53,
  () => 1e300,
  () => 0.5,
  () => '',
  () => '0',
  () => '../../../etc/passwd',
  () => '/etc/passwd',
  () => 'sha256:../../../../../../tmp/evil',
  () => `sha256:${'0'.repeat(64)}`,
  () => `sha256:${'A'.repeat(64)}`,
  () => `sha512:${'0'.repeat(128)}`,
  () => '\u0000',
  () => '\u001b]0;owned\u0007\u001b[2J',
  () => '\ud800',
  () => '\u202egnp.exe',
  () => '__proto__',
  () => 'constructor',
  () => '${parameters.x}',
  () => 'a'.repeat(5000),
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => ({ toString: 1, valueOf: 2, length: 3 }),
  () => deep(200),
]

interface Place {
  readonly holder: Json[] | { [name: string]: Json }
  readonly name: string | number
}

/** Changes one place of a value in one of many ways. */
export function mutateJson(value: Json, random: Random): Json {
  const root: Json[] = [structuredClone(value)]
  const places = placesOf(root)
  const place = random.pick(places)
  const found = get(place)
  switch (random.below(9)) {
    case 0:
    case 1:
      set(place, random.pick(NASTY)())
      break
    case 2:
      if (typeof found === 'number') set(place, found + random.pick([-1, 1, -512, 512, 4 * 1024 * 1024]))
      else if (typeof found === 'string' && found !== '') set(place, mutateText(found, random))
      else set(place, random.pick(NASTY)())
      break
    case 3:
      remove(place)
      break
    case 4: {
      // Another value of the same kind, as if two places had been mixed up.
      const others = places.filter((other) => typeof get(other) === typeof found && other !== place)
      if (others.length > 0) set(place, structuredClone(get(random.pick(others))))
      break
    }
    case 5: {
      const others = places.filter((other) => typeof get(other) === typeof found && !contains(get(other), found) && !contains(found, get(other)))
      if (others.length > 0) {
        const other = random.pick(others)
        const [one, two] = [structuredClone(found), structuredClone(get(other))]
        set(place, two)
        set(other, one)
      }
      break
    }
    case 6:
      if (Array.isArray(found) && found.length > 0) found.splice(random.below(found.length + 1), 0, structuredClone(random.pick(found)))
      else set(place, [structuredClone(found), structuredClone(found)])
      break
    case 7:
      if (Array.isArray(found)) found.reverse()
      else set(place, random.chance(0.5) ? [found] : { x: found })
      break
    default:
      if (found !== null && typeof found === 'object' && !Array.isArray(found)) {
        const name = random.pick(['extra', '__proto__', 'constructor', 'features', 'toString', ''])
        Object.defineProperty(found, name, { value: random.pick(NASTY)(), enumerable: true, writable: true, configurable: true })
      } else set(place, random.pick(NASTY)())
  }
  return root[0] ?? null
}

type TextMutation = (text: Buffer, random: Random) => Buffer

/** What no JSON value holds any more: how it is written. */
const TEXT: readonly TextMutation[] = [
  (text) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), text]),
  (text) => Buffer.concat([text, Buffer.from(' ')]),
  (text) => Buffer.concat([text, text]),
  (text) => Buffer.concat([text, Buffer.from('\0')]),
  (text, random) => spliced(text, random.below(text.length + 1), Buffer.from([random.pick([0x80, 0xc0, 0xff, 0xed])])),
  (text, random) =>
    spliced(text, random.below(text.length + 1), Buffer.from(random.pick(['"', '\\', '{', ']', ',', '\\ud800', '\n', '//x', '1e5', '-0', '0x1']))),
  (text, random) => {
    // A name given twice: which of the two counts depends on who reads.
    const names = [...text.toString('latin1').matchAll(/"([A-Za-z]+)":/g)]
    if (names.length === 0) return text
    const name = random.pick(names)
    return spliced(text, name.index, Buffer.from(`${name[0]}${random.pick(['null', '0', '1', '""', '[]', '{}'])},`))
  },
  (text, random) => spliced(text, random.below(text.length + 1), Buffer.from('['.repeat(random.pick([100, 5000, 100_000])))),
  (text, random) => spliced(text, random.below(text.length + 1), Buffer.from(' '.repeat(random.pick([1, 1000, 100_000])))),
  (text) => Buffer.from(text.toString('utf8'), 'utf16le'),
]

/** Changes how a document is written. */
export function mutateJsonText(text: Buffer, random: Random): Buffer {
  return random.pick(TEXT)(text, random)
}

function spliced(text: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([text.subarray(0, at), piece, text.subarray(at)])
}

function mutateText(text: string, random: Random): string {
  const at = random.below(text.length)
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + random.pick(['0', 'f', 'Z', '/', '.', ' ', '\n', '\u0000', 'é']) + text.slice(at + 1)
    case 2:
      return text.toUpperCase()
    default:
      return text + text.slice(-1)
  }
}

function placesOf(root: Json[]): readonly Place[] {
  const places: Place[] = []
  const collect = (holder: Json[] | { [name: string]: Json }): void => {
    for (const name of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      const place = { holder, name }
      places.push(place)
      const value = get(place)
      if (typeof value === 'object' && value !== null) collect(value)
    }
  }
  collect(root)
  return places
}

function contains(outer: Json, inner: Json): boolean {
  if (outer === inner) return true
  return typeof outer === 'object' && outer !== null && Object.values(outer).some((value) => contains(value, inner))
}

function get({ holder, name }: Place): Json {
  return (holder as { [name: string | number]: Json })[name] ?? null
}

function set({ holder, name }: Place, value: Json): void {
  Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true })
}

function remove({ holder, name }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(name), 1)
  else delete holder[name]
}
