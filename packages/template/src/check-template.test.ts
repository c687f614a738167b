import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkFileContent, checkTemplate } from './check-template.ts'
import { waitOf } from './dependency-wait.ts'
import { injectedValues } from './injected-values.ts'
import { moduleRequires } from './module-requires.ts'
import { parseTemplate } from './parse-template.ts'
import { formatPath } from './problem.ts'
import { brokenShop, SHOP } from './template-for-tests.ts'

const shop = parseTemplate(SHOP, 'shop.yaml')

describe('the content of a file with template: true', () => {
  test('may use every name that the template has', () => {
    expect(checkFileContent(shop, 'db', './files/site.cnf', Buffer.from('bind=${self.host} ${parameters.domain} ${components.web.WEB_URL} $${x}'))).toEqual([])
  })
  test.each([
    ['${self.WEB_URL}', 'component db has no connection value "WEB_URL"'],
    ['${parameters.nope}', 'no parameter "nope"'],
    ['${HOME}', 'is no name'],
  ])('is refused with %s', (content, words) => {
    const [problem] = checkFileContent(shop, 'db', './files/site.cnf', Buffer.from(content))
    expect(formatPath(problem?.path ?? [])).toBe('components[0].files[0].source')
    expect(problem?.message).toContain('./files/site.cnf')
    expect(problem?.message).toContain(words)
  })
  test('of the examples fits', () => {
    const examples = join(import.meta.dirname, '../../../examples')
    let checked = 0
    for (const name of readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('bookshop.yaml'))) {
      const template = parseTemplate(readFileSync(join(examples, name), 'utf8'), name)
      for (const component of template.components) {
        for (const file of component.files?.filter(({ template: substituted }) => substituted) ?? []) {
          expect(checkFileContent(template, component.name, file.source, readFileSync(join(examples, dirname(name), file.source)))).toEqual([])
          checked++
        }
      }
    }
    expect(checked).toBeGreaterThan(0)
  })
})

test('dependencies wait by default for what fits the other', () => {
  expect(['db', 'migrate', 'reports'].map((component) => waitOf({ component }, shop))).toEqual(['healthy', 'completed', 'none'])
  expect(waitOf({ component: 'db', wait: 'none' }, shop)).toBe('none')
})

test('injection brings the connection values under their prefix', () => {
  const names = injectedValues(shop, [{ component: 'db', prefix: 'X_' }, { component: 'web' }, { component: 'db', inject: false }]).map(
    ({ variable }) => variable,
  )
  expect(names).toEqual(['X_DB_HOST', 'X_DB_PORT', 'X_DB_PASSWORD', 'WEB_URL'])
})

test('a module needs what its components depend on, but for what is optional', () => {
  expect(moduleRequires(shop, 'reporting')).toEqual(new Set(['core']))
  const optional = parseTemplate(
    brokenShop(
      'image: shop/reports:1.2\n    dependsOn: [{component: db}]',
      'image: shop/reports:1.2\n    dependsOn: [{component: db, optional: true}]',
    ).replace(', requires: [core]', ''),
    'shop.yaml',
  )
  expect(moduleRequires(optional, 'reporting')).toEqual(new Set())
})

describe('configuration groups and plugins', () => {
  const text = `apiVersion: sealift.dev/v1
kind: Application
name: grouped
configurationGroups:
  - {name: common, env: [{name: WHO, value: "\${self.name} \${self.ports.http}"}], files: [{path: /etc/common, source: ./common}]}
components:
  - {name: a, workload: stateless, image: x/a, ports: [{name: http, port: 80}], configurationGroups: [common], plugins: [{name: proxy}]}
  - {name: b, workload: stateless, image: x/b, ports: [{name: http, port: 81}], configurationGroups: [common]}
plugins: [{name: proxy, version: 1.0.0, image: x/proxy, config: {deep: [{to: "\${self.ports.http}"}]}}]
`
  test('mean by self each component that uses them', () => {
    const template = parseTemplate(text, 'grouped.yaml')
    const [, b] = template.components
    delete b?.ports
    expect(checkTemplate(template).map(({ path, message }) => `${formatPath(path)}: ${message}`)).toEqual([
      'configurationGroups[0].env[0].value: ${self.ports.http}: component b has no port "http". There are none.',
    ])
  })
  test('collide with what a component has itself', () => {
    const template = parseTemplate(text, 'grouped.yaml')
    const [a, b] = template.components
    Object.assign(a ?? {}, { env: [{ name: 'WHO', value: 'me' }] })
    Object.assign(b ?? {}, { files: [{ path: '/etc/common', source: './other' }] })
    expect(checkTemplate(template).map(({ path }) => formatPath(path))).toEqual(['components[0].configurationGroups', 'components[1].configurationGroups'])
  })
})

describe('a template that is made to cost', () => {
  const components = (fields: (position: number) => object): typeof shop => ({
    ...shop,
    components: Array.from({ length: 200 }, (_, position) => ({ name: `${'c'.repeat(58)}${position}`, workload: 'job', ...fields(position) })),
  })

  test('by thousands of mistakes is read no further than they are shown', () => {
    const nothing = (position: number) => ({ dependsOn: Array.from({ length: 200 }, (_, at) => ({ component: `${'x'.repeat(50)}${position}-${at}` })) })
    expect(checkTemplate(components(nothing))).toHaveLength(200)
  })

  test('by one large group for all its components is refused', () => {
    const group = { name: 'large', env: Array.from({ length: 60 }, (_, at) => ({ name: `V${at}`, value: '${self.host}'.repeat(5000) })) }
    const problems = checkTemplate({ ...components(() => ({ configurationGroups: ['large'] })), configurationGroups: [group] })
    expect(problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('characters in all'))
  })
})
