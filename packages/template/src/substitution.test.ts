import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, test } from 'vitest'
import { namesIn, parseExpression } from './expression.ts'
import { substitute, substituteBytes } from './substitution.ts'

const invalid = expect.toSatisfy((thrown) => isSealiftError(thrown, 'EXPRESSION_INVALID'))
const shout = (text: string): string => substitute(text, ({ text: name }) => `<${name}>`)

test.each([
  ['plain', 'plain'],
  ['', ''],
  ['${self.host}', '<self.host>'],
  ['a${self.host}b${parameters.x-y}c', 'a<self.host>b<parameters.x-y>c'],
  ['$${self.host}', '${self.host}'],
  ['$$${self.host}', '$${self.host}'],
  ['${self.host}$${HOME}', '<self.host>${HOME}'],
  ['$HOME $(x) $ $$ {a} }', '$HOME $(x) $ $$ {a} }'],
  ['a$', 'a$'],
])('%s becomes %s', (text, result) => expect(shout(text)).toBe(result))

test('names are taken apart', () => {
  const text =
    '${self.name}${self.ports.http}${self.DB_HOST}${components.db.host}${components.db.ports.mysql}${components.db.DB_HOST}${parameters.domain}${modules.core.enabled}${site.ntp}'
  expect(namesIn(parseExpression(text)).map(({ text: _text, ...name }) => name)).toEqual([
    { kind: 'name' },
    { kind: 'port', port: 'http' },
    { kind: 'connection', connection: 'DB_HOST' },
    { kind: 'host', component: 'db' },
    { kind: 'port', component: 'db', port: 'mysql' },
    { kind: 'connection', component: 'db', connection: 'DB_HOST' },
    { kind: 'parameter', parameter: 'domain' },
    { kind: 'module', module: 'core' },
    { kind: 'site', service: 'ntp' },
  ])
})

test.each([
  '${',
  '${}',
  '${HOME}',
  '${self}',
  '${self.}',
  '${self.ports}',
  '${self.ports.a.b}',
  '${self.a.b}',
  '${components.db}',
  '${components.DB.host}',
  '${parameters.a.b}',
  '${modules.m}',
  '${modules.m.on}',
  '${site.dns}',
  '${ self.host }',
  '${self.host',
  '${self.${self.name}}',
  '${x:-y}',
])('%s is refused', (text) => expect(() => parseExpression(text)).toThrow(invalid))

test('what is put in is not read for names again', () => {
  expect(substitute('${self.A}', () => '${self.B}')).toBe('${self.B}')
})

describe('contents of files', () => {
  test('line ends, byte order marks and other scripts stay', () => {
    const content = Buffer.from('\ufeffhöst=${self.host}\r\n\0end')
    expect(substituteBytes(content, () => 'ü', 'a.conf')).toEqual(Buffer.from('\ufeffhöst=ü\r\n\0end'))
  })
  test('what is not UTF-8 is refused, naming the file', () => {
    expect(() => substituteBytes(Buffer.from([0xff, 0xfe]), () => '', 'a.conf')).toThrow(/^a\.conf: .*UTF-8/)
  })
  test('a bad name is refused, naming the file', () => {
    expect(() => substituteBytes(Buffer.from('${HOME}'), () => '', 'a.conf')).toThrow(/^a\.conf: "\$\{HOME\}"/)
  })
})
