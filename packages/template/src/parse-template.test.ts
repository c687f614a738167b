import { isSealiftError, type SealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, test } from 'vitest'
import { type LocatedProblem, type ParseTemplateOptions, parseTemplate } from './parse-template.ts'
import { brokenShop, SHOP } from './template-for-tests.ts'

function refusal(text: string, options?: ParseTemplateOptions): SealiftError {
  try {
    parseTemplate(text, 'shop.yaml', options)
  } catch (thrown) {
    if (isSealiftError(thrown)) return thrown
    throw thrown
  }
  throw new Error('the template was accepted')
}

const problemsOf = (error: SealiftError): readonly LocatedProblem[] => error.details.problems as readonly LocatedProblem[]

/** The line of a text, counted from 1. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length

interface Bad {
  /** What is written instead of what. */
  readonly change: readonly [before: string, after: string]
  /** The place, if it is not in the line of `after`: a text in that line. */
  readonly line?: string
  readonly path: string
  /** Words of the message: what was found, and the way out. */
  readonly says: readonly string[]
}

const env = (line: string): readonly [string, string] => ['      - {name: DOMAIN, value: "${parameters.domain}"}', line]
const component = (text: string): readonly [string, string] => ['routes: [{host', `${text}\nroutes: [{host`]

const BAD: Readonly<Record<string, Bad>> = {
  // Shape
  'unknown field': { change: env('      - {name: DOMAIN, valeu: x}'), path: 'components[2].env[0].valeu', says: ['unknown field', 'Did you mean value?'] },
  'unknown field at the top': { change: ['logo: ./logo.svg', 'loggo: ./logo.svg'], path: 'loggo', says: ['unknown field', 'Did you mean logo?'] },
  'number for a text': { change: ['version: 1.2.0', 'version: 1.20'], path: 'release.version', says: ['found 1.2', 'Put it in quotes: "1.20"'] },
  'boolean for a text': { change: env('      - {name: DOMAIN, value: true}'), path: 'components[2].env[0].value', says: ['in quotes: "true"'] },
  'text for a number': {
    change: ['{name: mysql, port: 3306}', '{name: mysql, port: "3306"}'],
    path: 'components[0].ports[0].port',
    says: ['a whole number', 'Leave the quotes out'],
  },
  'nothing for a value': { change: env('      - {name: DOMAIN, value: }'), path: 'components[2].env[0].value', says: ['found nothing', 'leave the field out'] },
  'not a list': {
    change: ['[{component: db}]\n  - name: web', '{component: db}\n  - name: web'],
    line: '    dependsOn: {component: db}',
    path: 'components[1].dependsOn',
    says: ['expected a list', 'found a mapping'],
  },
  'unknown workload': { change: ['workload: cron', 'workload: corn'], path: 'components[3].workload', says: ['expected one of', 'Did you mean cron?'] },
  'wrong api version': { change: ['sealift.dev/v1', 'sealift.dev/v9'], path: 'apiVersion', says: ['expected sealift.dev/v1', 'found "sealift.dev/v9"'] },
  'no DNS label': { change: ['name: shop\n', 'name: My_Shop\n'], path: 'name', says: ['a DNS label', 'found "My_Shop"'] },
  'unquoted mode': { change: ['mode: "0644"', 'mode: 0644'], path: 'components[0].files[0].mode', says: ['Put it in quotes: "0644"'] },
  'no duration': {
    change: ['interval: 1s', 'interval: 1 sec'],
    path: 'components[0].probes.readiness.interval',
    says: ['a duration such as', 'found "1 sec"'],
  },
  'no size': { change: ['size: 1Gi', 'size: 1GB'], path: 'components[0].volumes[0].size', says: ['a size in bytes such as', 'found "1GB"'] },
  'port out of range': { change: ['port: 3306', 'port: 70000'], path: 'components[0].ports[0].port', says: ['is 70000, more than 65535'] },
  'scope that is neither': {
    change: ['logo: ./logo.svg', 'scope: everyone'],
    path: 'scope',
    says: ['expected enterprise or a mapping with teams', 'found "everyone"'],
  },
  'missing field': { change: ['    workload: cron\n', ''], line: '- name: reports', path: 'components[3].workload', says: ['is missing', 'stateless'] },
  // Names
  'same component twice': {
    change: component('  - {name: db, workload: stateless, image: a/b}'),
    path: 'components[4].name',
    says: ['component db is there already', 'another name'],
  },
  'same variable twice': {
    change: env('      - {name: A, value: x}\n      - {name: A, value: y}'),
    line: '{name: A, value: y}',
    path: 'components[2].env[1].name',
    says: ['variable A is there already'],
  },
  'reserved connection name': {
    change: ['{name: WEB_URL,', '{name: host,'],
    path: 'components[2].connection[0].name',
    says: ['means something else in ${self.host}', 'HOST'],
  },
  // References
  'unknown module': {
    change: ['module: reporting', 'module: reprting'],
    path: 'components[3].module',
    says: ['no module "reprting"', 'Did you mean reporting?'],
  },
  'module requires unknown': {
    change: ['requires: [core]', 'requires: [croe]'],
    path: 'modules[1].requires[0]',
    says: ['no module "croe"', 'Did you mean core?'],
  },
  'unknown dependency': {
    change: ['- {component: migrate}', '- {component: migrat}'],
    path: 'components[2].dependsOn[1].component',
    says: ['no component "migrat"', 'Did you mean migrate?'],
  },
  'depends on itself': { change: ['- {component: migrate}', '- {component: web}'], path: 'components[2].dependsOn[1].component', says: ['depends on itself'] },
  'depends twice': { change: ['- {component: migrate}', '- {component: db, prefix: B_}'], path: 'components[2].dependsOn[1].component', says: ['named twice'] },
  'completion of a service': {
    change: ['- {component: migrate}', '- {component: reports, wait: completed, optional: true}'],
    path: 'components[2].dependsOn[1].wait',
    says: ['never completes', 'wait: healthy'],
  },
  'waits for cron': {
    change: ['- {component: migrate}', '- {component: reports, wait: healthy, optional: true}'],
    path: 'components[2].dependsOn[1].wait',
    says: ['wait: none'],
  },
  'unknown plugin': {
    change: ['scaling: {min: 1, max: 4}', 'plugins: [{name: perf}]'],
    path: 'components[2].plugins[0].name',
    says: ['no plugin "perf"', 'There are none'],
  },
  'unknown probe port': {
    change: ['{port: http, path: /healthz}', '{port: htp, path: /healthz}'],
    path: 'components[2].probes.readiness.http.port',
    says: ['no port of component web called "htp"', 'Did you mean http?'],
  },
  'unknown route target': {
    change: ['component: web, port: http', 'component: wbe, port: http'],
    path: 'routes[0].component',
    says: ['no component "wbe"', 'Did you mean web?'],
  },
  'unknown route port': {
    change: ['component: web, port: http', 'component: web, port: https'],
    path: 'routes[0].port',
    says: ['called "https"', 'Did you mean http?'],
  },
  'unknown shared volume': {
    change: ['scaling: {min: 1, max: 4}', 'volumes: [{name: d, path: /d, from: {component: db, volume: date}}]'],
    path: 'components[2].volumes[0].from.volume',
    says: ['called "date"', 'Did you mean data?'],
  },
  'volume that is not shared': {
    change: ['scaling: {min: 1, max: 4}', 'volumes: [{name: d, path: /d, from: {component: db, volume: data}}]'],
    path: 'components[2].volumes[0].from',
    says: ['for one alone', 'access: shared'],
  },
  'unknown group': {
    change: ['scaling: {min: 1, max: 4}', 'configurationGroups: [common]'],
    path: 'components[2].configurationGroups[0]',
    says: ['no configuration group "common"'],
  },
  // Expressions
  'unknown parameter': {
    change: env('      - {name: DOMAIN, value: "${parameters.domian}"}'),
    path: 'components[2].env[0].value',
    says: ['${parameters.domian}', 'Did you mean domain?'],
  },
  'unknown connection value': {
    change: env('      - {name: DOMAIN, value: "${components.db.DB_HSOT}"}'),
    path: 'components[2].env[0].value',
    says: ['no connection value "DB_HSOT"', 'Did you mean DB_HOST?'],
  },
  'unknown component in a value': {
    change: env('      - {name: DOMAIN, value: "${components.bd.host}"}'),
    path: 'components[2].env[0].value',
    says: ['no component "bd"', 'Did you mean db?'],
  },
  'unknown port in a value': {
    change: env('      - {name: DOMAIN, value: "${self.ports.web}"}'),
    path: 'components[2].env[0].value',
    says: ['component web has no port "web"', 'There is: http'],
  },
  'unknown module in a value': {
    change: env('      - {name: DOMAIN, value: "${modules.cor.enabled}"}'),
    path: 'components[2].env[0].value',
    says: ['no module "cor"', 'Did you mean core?'],
  },
  'shell variable': {
    change: ['schedule: "0 3 * * *"', 'schedule: "0 3 * * *"\n    command: [sh, -c, "echo ${HOME}"]'],
    line: 'command:',
    path: 'components[3].command[2]',
    says: ['"${HOME}" is no name', 'write $${HOME}'],
  },
  'open brace': { change: env('      - {name: DOMAIN, value: "${parameters.domain"}'), path: 'components[2].env[0].value', says: ['no closing brace'] },
  'unknown site service': { change: env('      - {name: DOMAIN, value: "${site.dns}"}'), path: 'components[2].env[0].value', says: ['site.registry|apt'] },
  'self in a route': {
    change: ['{host: "${parameters.domain}", path', '{host: "${self.host}", path'],
    path: 'routes[0].host',
    says: ['self means nothing here'],
  },
  // Cycles
  'cycle of waits': {
    change: ['image: docker.io/library/mariadb:10.11', 'image: docker.io/library/mariadb:10.11\n    dependsOn: [{component: migrate, inject: false}]'],
    line: '    dependsOn: [{component: migrate',
    path: 'components[0].dependsOn[0]',
    says: ['db → migrate → db', 'wait: none'],
  },
  'value of itself': {
    change: ['value: "${self.ports.mysql}"', 'value: "1${self.DB_PORT}"'],
    path: 'components[0].connection[1].value',
    says: ['made of itself', 'db.DB_PORT → db.DB_PORT'],
  },
  'cycle of modules': {
    change: ['{name: core, default: true}', '{name: core, default: true, requires: [reporting]}'],
    path: 'modules[0].requires',
    says: ['core → reporting → core'],
  },
  // Variables
  'injected and own': {
    change: env('      - {name: DB_HOST, value: x}'),
    line: '- {component: db}\n      - {component: migrate}',
    path: 'components[2].dependsOn[0]',
    says: ['variable DB_HOST comes from its own env and from dependency db', 'prefix or inject: false'],
  },
  'value and generate': {
    change: ['{name: DB_PASSWORD, generate: {length: 24}}', '{name: DB_PASSWORD, value: x, secret: true, generate: {}}'],
    path: 'components[0].connection[2].generate',
    says: ['both a value and generate'],
  },
  'neither value nor generate': {
    change: ['{name: DB_PASSWORD, generate: {length: 24}}', '{name: DB_PASSWORD}'],
    path: 'components[0].connection[2]',
    says: ['has no value', 'value or generate'],
  },
  'groups that differ': {
    change: [
      '{name: DB_PASSWORD, generate: {length: 24}}',
      '{name: DB_PASSWORD, generate: {length: 24, group: g}}\n      - {name: B, generate: {length: 32, group: g}}',
    ],
    line: '{name: B,',
    path: 'components[0].connection[3].generate',
    says: ['db/DB_PASSWORD and db/B want different'],
  },
  // Modules
  'needed but off': {
    change: component('  - {name: free, workload: stateless, image: a/b, dependsOn: [{component: reports}]}'),
    line: '{name: reporting',
    path: 'modules[1].default',
    says: ['off at first', 'optional: true'],
  },
  // Parameters
  'default of another type': { change: ['default: 8080', 'default: high'], path: 'parameters[1].default', says: ['expected a number, found "high"'] },
  'default out of range': { change: ['default: 8080', 'default: 80800'], path: 'parameters[1].default', says: ['is 80800, at most 65535'] },
  'default against the pattern': {
    change: ['default: shop.local', "default: shop.local, pattern: '[a-z]+'"],
    path: 'parameters[0].default',
    says: ['"shop.local" does not match [a-z]+'],
  },
  'no default and not required': { change: [', default: shop.local', ''], line: '{name: domain', path: 'parameters[0]', says: ['required: true'] },
  'choice without choices': { change: ['type: string, default', 'type: choice, default'], path: 'parameters[0].choices', says: ['a choice without choices'] },
  'broken pattern': { change: ['default: shop.local', "default: shop.local, pattern: '['"], path: 'parameters[0].pattern', says: ['no regular expression'] },
  // Paths
  'relative mount': { change: ['path: /var/lib/mysql', 'path: var/lib/mysql'], path: 'components[0].volumes[0].path', says: ['an absolute path'] },
  'mount with dots': {
    change: ['path: /var/lib/mysql', 'path: /var/../lib'],
    path: 'components[0].volumes[0].path',
    says: ['expected /lib, found /var/../lib'],
  },
  'mount at the root': { change: ['path: /var/lib/mysql', 'path: /'], path: 'components[0].volumes[0].path', says: ['root of the container'] },
  'file over a volume': {
    change: ['path: /etc/mysql/conf.d/site.cnf', 'path: /var/lib/mysql'],
    line: 'files: [{path',
    path: 'components[0].files[0].path',
    says: ['taken by volume data'],
  },
  'source outside': { change: ['source: ./files/site.cnf', 'source: ../site.cnf'], path: 'components[0].files[0].source', says: ['leads out of the template'] },
  'source from the root': {
    change: ['source: ./files/site.cnf', 'source: /etc/shadow'],
    path: 'components[0].files[0].source',
    says: ['relative to the template'],
  },
  'notes hidden outside': { change: ['notes: ./notes.md', 'notes: ./a/../../notes.md'], path: 'release.notes', says: ['leads out of the template'] },
  // Ports
  'host port twice': {
    change: ['{name: mysql, port: 3306}', '{name: mysql, port: 3306, public: {kind: tcp, hostPort: "${parameters.port}"}}'],
    line: '{kind: http',
    path: 'components[2].ports[0].public.hostPort',
    says: ['taken by port mysql of component db'],
  },
  'quoted host port': {
    change: ['hostPort: "${parameters.port}"', 'hostPort: "8080"'],
    path: 'components[2].ports[0].public.hostPort',
    says: ['without quotes'],
  },
  'udp without udp': { change: ['public: {kind: http,', 'public: {kind: udp,'], path: 'components[2].ports[0].public.kind', says: ['speaks tcp'] },
  // Workloads
  'cron without schedule': {
    change: ['    schedule: "0 3 * * *"\n', ''],
    line: '- name: reports',
    path: 'components[3].schedule',
    says: ['is missing', '"0 3 * * *"'],
  },
  'bad schedule': { change: ['0 3 * * *', '0 25 * * *'], path: 'components[3].schedule', says: ['"25" is no hour', '0 to 23'] },
  'schedule elsewhere': {
    change: ['scaling: {min: 1, max: 4}', 'schedule: "0 3 * * *"'],
    path: 'components[2].schedule',
    says: ['schedule is for cron; component web is stateless'],
  },
  'probe of a job': {
    change: ['schedule: "0 3 * * *"', 'schedule: "0 3 * * *"\n    probes: {readiness: {tcp: {port: 1}}}'],
    line: '    probes: {readiness: {tcp',
    path: 'components[3].probes.readiness',
    says: ['healthy when it ended with 0'],
  },
  'no image': { change: ['    image: shop/reports:1.2\n', ''], line: '- name: reports', path: 'components[3].image', says: ['is missing', 'needs an image'] },
  'external with an image': {
    change: component('  - {name: ldap, workload: external, image: a/b, address: ldap.site}'),
    path: 'components[4].image',
    says: ['nothing of it runs here'],
  },
  'external nowhere': { change: component('  - {name: ldap, workload: external}'), path: 'components[4].address', says: ['is missing', '${parameters.X}'] },
  'two probes in one': {
    change: ['exec: [mariadb-admin, ping],', 'exec: [mariadb-admin, ping], tcp: {port: mysql},'],
    path: 'components[0].probes.readiness',
    says: ['exec and tcp', 'Keep one'],
  },
  'times without a probe': { change: ['startup: {}', 'startup: {interval: 1s}'], path: 'components[0].probes.startup', says: ['how often, but not what'] },
  'privileged without reason': { change: ['scaling: {min: 1, max: 4}', 'privileged: {}'], path: 'components[2].privileged.reason', says: ['is missing'] },
  // Quantities
  'no image reference': { change: ['shop/reports:1.2', 'Shop/Reports:1.2'], path: 'components[3].image', says: ['no repository name', 'lower-case'] },
  'bad range': { change: ['">=1.0.0"', '"=>1.0.0"'], path: 'release.upgradeFrom', says: ['range of versions', '"=>1.0.0"'] },
  'bad version': { change: ['version: 1.2.0', 'version: one'], path: 'release.version', says: ['found "one"'] },
  'max below min': { change: ['{min: 1, max: 4}', '{min: 5, max: 4}'], path: 'components[2].scaling.max', says: ['max (4) is less than min (5)'] },
  'memory out of bounds': {
    change: ['scaling: {min: 1, max: 4}', 'scaling: {minMemory: 1Gi}\n    resources: {memory: 512Mi}'],
    line: '    resources: {memory: 512Mi}',
    path: 'components[2].resources.memory',
    says: ['512Mi is outside'],
  },
}

test('the template that the others are made from is accepted', () => {
  const template = parseTemplate(SHOP, 'shop.yaml')
  expect(template.name).toBe('shop')
  expect(template.components.map(({ name }) => name)).toEqual(['db', 'migrate', 'web', 'reports'])
})

describe('a bad template is refused with line, path and way out', () => {
  test.each(Object.entries(BAD))('%s', (_name, { change: [before, after], line, path, says }) => {
    const text = brokenShop(before, after)
    const error = refusal(text)
    expect(error.code).toBe('TEMPLATE_INVALID')
    expect(error.exitCode).toBe(2)
    const problem = problemsOf(error).find((each) => each.path === path)
    expect(problemsOf(error).map((each) => each.path)).toContain(path)
    for (const words of says) expect(problem?.message).toContain(words)
    const place = line ?? after.split('\n').find((each) => each.trim() !== '') ?? ''
    expect(text).toContain(place)
    expect(`line ${problem?.line}`).toBe(`line ${lineOf(text, place)}`)
    expect(error.message).toContain(`shop.yaml:${problem?.line}:${problem?.column}: ${path}: `)
  })
})

test('two dependencies that bring the same name collide', () => {
  const text = brokenShop(
    '    image: shop/web:1.2\n    dependsOn: [{component: db}]',
    '    image: shop/web:1.2\n    dependsOn: [{component: db}]\n    connection: [{name: DB_HOST, value: x}]',
  )
  const [problem] = problemsOf(refusal(text))
  expect(problem?.path).toBe('components[2].dependsOn[1]')
  expect(problem?.message).toContain('variable DB_HOST comes from dependency db and from dependency migrate')
  const prefixed = text.replace('- {component: migrate}', '- {component: migrate, prefix: M_}')
  expect(() => parseTemplate(prefixed, 'shop.yaml')).not.toThrow()
})

test('values that are made of each other across components are a cycle', () => {
  const text = brokenShop('value: "${self.ports.mysql}"', 'value: "${components.web.WEB_URL}"').replace(
    'value: "http://',
    'value: "${components.db.DB_PORT}://',
  )
  const [problem] = problemsOf(refusal(text))
  expect(problem?.message).toContain('db.DB_PORT → web.WEB_URL → db.DB_PORT')
})

test('all problems are told at once, in the order of the file', () => {
  const text = SHOP.replace('logo:', 'loggo:').replace('workload: cron', 'workload: corn').replace('port: 3306', 'port: x')
  const problems = problemsOf(refusal(text))
  expect(problems.map(({ path }) => path)).toEqual(['loggo', 'components[0].ports[0].port', 'components[3].workload'])
  expect(problems.map(({ line }) => line)).toEqual(problems.map(({ line }) => line).toSorted((a, b) => a - b))
})

describe('a literal that looks like a secret', () => {
  const text = brokenShop('      - {name: DOMAIN, value: "${parameters.domain}"}', '      - {name: API_TOKEN, value: abc123}')

  test('is refused under a code of its own', () => {
    const error = refusal(text)
    expect(error.code).toBe('SECRET_LITERAL')
    expect(error.exitCode).toBe(3)
    expect(problemsOf(error)).toMatchObject([{ code: 'SECRET_LITERAL', name: 'web/API_TOKEN', path: 'components[2].env[0].value' }])
    expect(error.message).not.toContain('abc123')
  })

  test('is allowed by its name only', () => {
    expect(() => parseTemplate(text, 'shop.yaml', { allowSecrets: ['web/API_TOKEN'] })).not.toThrow()
    expect(refusal(text, { allowSecrets: ['db/API_TOKEN'] }).code).toBe('SECRET_LITERAL')
  })

  test.each([
    '{name: API_TOKEN, value: abc, secret: true}',
    '{name: API_TOKEN, value: ""}',
    '{name: TOKEN_TTL, value: "60"}',
    '{name: KEYBOARD, value: de}',
    '{name: RANDOM_ROOT_PASSWORD, value: "yes"}',
    '{name: A_PASSWORD, value: "${components.db.DB_PASSWORD}"}',
  ])('is not seen in %s', (variable) => {
    expect(() => parseTemplate(text.replace('{name: API_TOKEN, value: abc123}', variable), 'shop.yaml')).not.toThrow()
  })

  test.each(['dbPassword', 'AWS_SECRET_ACCESS_KEY', 'auth.token', 'PRIVATE_KEY', 'APIKEY', 'root_passwd'])('is seen in %s', (name) => {
    expect(refusal(text.replace('API_TOKEN', name)).code).toBe('SECRET_LITERAL')
  })

  test('is seen in the default of a secret parameter', () => {
    const error = refusal(brokenShop('{name: domain, type: string, default: shop.local}', '{name: domain, type: secret, default: hunter2}'))
    expect(problemsOf(error)).toMatchObject([{ name: 'parameters/domain' }])
    expect(error.message).not.toContain('hunter2')
  })
})

describe('hostile and broken YAML', () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 8 }, (_, step) => {
    const name = String.fromCharCode(98 + step)
    const before = String.fromCharCode(97 + step)
    return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`
  }).join('\n')}`

  test.each([
    ['two documents', `${SHOP}---\nkind: x\n`, 'a file holds one template'],
    ['a field twice', SHOP.replace('kind: Application', 'kind: Application\nname: other'), 'name is given twice'],
    ['a tag of its own', SHOP.replace('name: shop', 'name: !env SHOP'), 'Unresolved tag'],
    ['merging', SHOP.replace('kind: Application', 'kind: Application\n<<: {a: b}'), 'Write the fields out'],
    ['an alias without anchor', SHOP.replace('name: shop', 'name: *shop'), 'stands for nothing'],
    ['an alias inside itself', 'a: &a [*a]', 'inside what it stands for'],
    ['an alias bomb', bomb, 'unfolds to more than'],
    ['deep nesting', `a: ${'['.repeat(300)}${']'.repeat(300)}`, 'nested deeper than 64'],
    ['very deep nesting', `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'nested'],
    ['a prototype', SHOP.replace('kind: Application', 'kind: Application\n__proto__: {polluted: true}'), '__proto__ can not'],
    ['a number beyond JSON', SHOP.replace('default: 8080', 'default: 123456789012345678901'), 'Put it in quotes'],
    ['infinity', SHOP.replace('default: 8080', 'default: .inf'), 'Put it in quotes'],
    ['a tab', SHOP.replace('  - {name: domain', '\t- {name: domain'), 'shop.yaml:8:'],
    ['an unclosed bracket', SHOP.replace('ports: [8080]', 'ports: [8080'), 'shop.yaml:6:'],
    ['too many bytes', `${SHOP}# ${'x'.repeat(1024 * 1024)}`, 'more than the limit of 1048576'],
    ['no content', '', 'expected a mapping'],
    ['a list', '- a', 'expected a mapping'],
  ])('%s', (_name, text, words) => {
    const error = refusal(text)
    expect(error.code).toBe('TEMPLATE_INVALID')
    expect(error.message).toContain(words)
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test('as many fields as fit are read without comparing each with each', () => {
    const text = Array.from({ length: 80_000 }, (_, position) => `k${position}: 1`).join('\n')
    expect(refusal(text).message).toContain('unknown field')
  })

  test('YAML 1.1 words stay texts', () => {
    const text = brokenShop('value: "${parameters.domain}"', 'value: yes')
    expect(parseTemplate(text, 'shop.yaml').components[2]?.env?.[0]?.value).toBe('yes')
  })

  test('anchors and aliases can be used, and problems are found where they stand', () => {
    const text = SHOP.replace('{readiness: {http: {port: http, path: /healthz}}}', '&p {readiness: {http: {port: http, path: /healthz}}}')
      .replace('    schedule:', '    workingDir: &w "/w"\n    schedule:')
      .replace('routes: [{host', '  - {name: twin, workload: stateless, image: a/b, probes: *p}\nroutes: [{host')
    const [problem] = problemsOf(refusal(text))
    expect(problem?.path).toBe('components[4].probes.readiness.http.port')
    expect(problem?.message).toContain('no port of component twin')
  })
})
