import type { Random } from './random.ts'

/** Pieces of YAML that are more than they look like. */
const PIECES = [
  '&a [*a]',
  '&a {b: *a}',
  '*nothing',
  '!!binary aGk=',
  '!!js/function "x"',
  '!!set {a, b}',
  '<<: {a: 1}',
  '? [a, b]\n: c',
  '"\\u0000"',
  '"\\ud800"',
  '|\n  text\n',
  '>-\n',
  '---',
  '...',
  '%YAML 1.1',
  '# comment',
  '{a: 1, a: 2}',
  '0x7fffffffffffffff',
  '.inf',
  '.nan',
  '1e999',
  '2026-01-31',
  'yes',
  '~',
  '__proto__: {x: 1}',
  'constructor: 1',
  '${parameters.domain}',
  '${self.${self.X}}',
  '${components.db.DB_PASSWORD}',
  '$${',
  '${',
  '\t',
  '\u202e',
  '\u0007',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '- '.repeat(60),
  'a: '.repeat(60),
  'x'.repeat(70_000),
  '1'.repeat(400),
] as const

const BOMB = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghij'.split('').map((name, number) => `${name}: &${name} [${`*${'abcdefghi'[number]},`.repeat(8)}x]`)].join(
  '\n',
)

/** Changes a text in YAML in one of many ways. */
export function mutateYaml(text: string, random: Random): string {
  const lines = text.split('\n')
  const at = random.below(lines.length)
  const line = lines[at] ?? ''
  switch (random.below(11)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n')
    case 1:
      return lines.toSpliced(at, 0, line).join('\n')
    case 2:
      return lines.with(at, lines[random.below(lines.length)] ?? '').join('\n')
    case 3:
      return lines.with(at, `${' '.repeat(random.below(6))}${line.trimStart()}`).join('\n')
    case 4:
      return lines
        .with(
          at,
          line.replace(/: .*/, () => `: ${random.pick(PIECES)}`),
        )
        .join('\n')
    case 5:
      return lines
        .with(
          at,
          line.replace(/(\w+):/, () => `${random.pick(['extra', '__proto__', 'name', 'image', 'kind', '1', '""', 'toString'])}:`),
        )
        .join('\n')
    case 6: {
      const place = random.below(text.length)
      return `${text.slice(0, place)}${random.pick(PIECES)}${text.slice(place)}`
    }
    case 7: {
      const place = random.below(text.length)
      return `${text.slice(0, place)}${random.pick(['"', "'", ':', '-', '{', '}', '[', ']', ',', '\n', '#', '&', '*', '!', '|', '>', '%', '@', '`', ' '])}${text.slice(place + 1)}`
    }
    case 8:
      return text.slice(0, random.below(text.length))
    case 9:
      return `${text}\n${random.chance(0.3) ? BOMB : random.pick(PIECES)}\n`
    default: {
      // A word in the place of another.
      const words = [...text.matchAll(/[\w./:-]+/g)]
      const [one, other] = [random.pick(words), random.pick(words)]
      return one === undefined || other === undefined ? text : `${text.slice(0, one.index)}${other[0]}${text.slice(one.index + one[0].length)}`
    }
  }
}
