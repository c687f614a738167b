import { describe, expect, it } from 'vitest'
import { parseTemplate } from '../parse-template.ts'
import type { Component } from '../schema/component.ts'
import { SERVICE_FIELDS } from './compose/compose-fields.ts'
import { memoryProject } from './compose/project-fixture.ts'
import { type FindImage, type ImportComposeOptions, importCompose } from './import-compose.ts'
import { ImportReport } from './import-note.ts'
import { writeTemplate } from './write-template.ts'

interface More extends Partial<ImportComposeOptions> {
  readonly leaveOut?: readonly string[]
  readonly findImage?: FindImage
}

/** Imports `/project/compose.yaml`, and reads what was written as publishing does. */
async function imported(contents: Readonly<Record<string, string | null>>, { leaveOut = [], findImage = async () => undefined, ...more }: More = {}) {
  const files = memoryProject(
    Object.fromEntries(Object.entries(contents).map(([path, content]) => [path.startsWith('/') ? path : `/project/${path}`, content])),
  )
  const report = new ImportReport(leaveOut)
  const options = { files: ['/project/compose.yaml'], variables: {}, profiles: [], version: '1.0.0', secrets: {}, name: 'app', ...more }
  const made = await importCompose(options, files, findImage, report)
  const text = writeTemplate(made.template, 'compose.yaml', report.notes)
  const template = parseTemplate(text, 'made', { allowSecrets: made.allowSecrets })
  const component = (name: string): Component => {
    const found = template.components.find((each) => each.name === name)
    if (found === undefined) throw new TypeError(`no component ${name}`)
    return found
  }
  return { template, text, component, files: made.files, notes: report.notes }
}

const service = (yaml: string): Record<string, string> => ({ 'compose.yaml': `services:\n  web:\n    image: web:1\n${yaml.replaceAll(/^/gm, '    ')}\n` })

describe('a blog with its database', () => {
  const COMPOSE = `
name: My_Blog
services:
  database_server:
    image: mariadb:10.11
    restart: always
    environment:
      MYSQL_ROOT_PASSWORD: somewordpress
      MYSQL_DATABASE: wordpress
      MYSQL_USER: wordpress
      MYSQL_PASSWORD: wordpress
    volumes: ["db_data:/var/lib/mysql", "./my.cnf:/etc/mysql/conf.d/my.cnf:ro"]
    healthcheck: {test: mysqladmin ping -psomewordpress, interval: 10s, start_period: 30s}
  wordpress:
    depends_on: {database_server: {condition: service_healthy}}
    image: wordpress:\${WP:-6}
    ports: ["8000:80", "127.0.0.1:9000:9000"]
    environment:
      - WORDPRESS_DB_HOST=database_server:3306
      - WORDPRESS_DB_PASSWORD=wordpress
      - DATABASE_URL=mysql://wordpress:wordpress@database_server/wordpress
    volumes: [wp:/var/www/html]
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 512M}}}
volumes: {db_data: {}, wp: {}}
`
  const project = { 'compose.yaml': COMPOSE, 'my.cnf': '[client]\nhost=database_server\npassword=somewordpress\n' }

  it('becomes a template that publishing accepts', async () => {
    const { template, component } = await imported(project)
    expect(component('database-server')).toMatchObject({
      workload: 'stateful',
      volumes: [{ name: 'db-data', path: '/var/lib/mysql' }],
      probes: { startup: { interval: '2s' }, readiness: { interval: '10s', failureThreshold: 3 } },
    })
    expect(component('wordpress')).toMatchObject({
      image: 'wordpress:6',
      dependsOn: [{ component: 'database-server', wait: 'healthy' }],
      ports: [
        { name: 'http', port: 80, public: { kind: 'http', hostPort: '${parameters.wordpress-http-port}' } },
        { name: 'port-9000', port: 9000 },
      ],
      resources: { cpu: '500m', memory: '512Mi' },
      scaling: { min: 1, max: 2, initial: 2 },
    })
    expect(template.parameters).toEqual([expect.objectContaining({ name: 'wordpress-http-port', default: 8000 })])
  })

  it('has no password, and its URLs take those that are generated', async () => {
    const { text, component, files, notes } = await imported(project)
    expect(text).not.toMatch(/somewordpress/)
    expect(JSON.stringify(notes)).not.toMatch(/somewordpress/)
    expect(component('database-server').connection).toEqual([
      { name: 'MYSQL_ROOT_PASSWORD', generate: { length: 24 } },
      { name: 'MYSQL_PASSWORD', generate: { length: 24 } },
    ])
    const env = Object.fromEntries((component('wordpress').env ?? []).map(({ name, value }) => [name, value]))
    expect(env).toEqual({
      WORDPRESS_DB_HOST: 'database-server:3306',
      WORDPRESS_DB_PASSWORD: '${components.database-server.MYSQL_PASSWORD}',
      DATABASE_URL: 'mysql://wordpress:${components.database-server.MYSQL_PASSWORD}@database-server/wordpress',
    })
    expect(component('database-server').env).toContainEqual({ name: 'MYSQL_DATABASE', value: 'wordpress' })
    expect(component('database-server').probes?.readiness?.exec).toEqual(['/bin/sh', '-c', 'mysqladmin ping -p${self.MYSQL_ROOT_PASSWORD}'])
    expect(files.get('./files/my.cnf')?.toString()).toBe('[client]\nhost=database-server\npassword=${components.database-server.MYSQL_ROOT_PASSWORD}\n')
    expect(component('database-server').files).toMatchObject([{ path: '/etc/mysql/conf.d/my.cnf', template: true }])
  })

  it('says what it decided, with file and line', async () => {
    const { notes } = await imported(project)
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'left-out', subject: 'services.wordpress.ports', where: 'compose.yaml:17' }))
    expect(notes).toContainEqual(
      expect.objectContaining({ kind: 'changed', subject: 'host names', message: expect.stringContaining('database_server is now database-server') }),
    )
  })
})

describe('a shop of many services', () => {
  const COMPOSE = `
x-common: &common
  restart: unless-stopped
  logging: {driver: json-file}
  env_file: [common.env, {path: local.env, required: false}]
services:
  gateway:
    <<: *common
    build: ./gateway
    ports: [{target: 8080, published: "80", protocol: tcp, app_protocol: http}]
    networks: {front: {aliases: [edge]}, back: {}}
    depends_on: [cart, catalog]
  cart:
    <<: *common
    image: shop/cart:1
    environment: {REDIS_URL: "redis://:s3cr3t-queue@queue:6379/0", EDGE: "http://edge:8080"}
    links: ["redis:queue"]
    networks: [back]
  catalog:
    <<: *common
    image: shop/catalog:1
    environment: {DB_PASSWORD_FILE: /run/secrets/db_password, SESSION_KEY: 0123456789abcdef0123456789abcdef}
    secrets: [db_password]
    configs: [{source: catalog, target: /etc/catalog.yaml, mode: 0440}]
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_healthy}}
    networks: [back]
  migrate:
    image: shop/catalog:1
    command: ["migrate", "--password", "db-pass-1"]
    restart: "no"
    depends_on: [db]
    networks: [back]
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db_password}
    secrets: [{source: db_password, target: db_password, mode: 0400}]
    volumes: [data:/var/lib/postgresql/data, {type: tmpfs, target: /run/postgresql, tmpfs: {size: 64m}}]
    healthcheck: {test: [CMD, pg_isready], interval: 2s, retries: 10}
    shm_size: 256m
    networks: [back]
  redis:
    image: redis:7
    command: redis-server --requirepass s3cr3t-queue
    networks: [back]
  worker:
    extends: {file: worker.yaml, service: base}
    deploy: {mode: global}
    networks: [back]
  reports:
    image: shop/reports:1
    profiles: [reporting]
    volumes: ["data:/data:ro", "./reports:/etc/reports:ro"]
    networks: [back]
  grafana:
    image: grafana:10
    profiles: [reporting, debug]
    environment: [GF_SECURITY_ADMIN_PASSWORD=admin]
    networks: [back]
  mailer:
    image: shop/mailer:1
    environment: {SMTP_PASSWORD: mail-pass-9, HOSTS: "cart,catalog"}
    cap_add: [CAP_NET_BIND_SERVICE]
    ulimits: {nofile: 65536, nproc: {soft: 100, hard: 200}}
    extra_hosts: ["relay=10.0.0.5", "me:host-gateway"]
    stop_grace_period: 1m30s
    stop_signal: QUIT
    user: "1000:1000"
    networks: [back]
networks: {front: {}, back: {internal: true}}
volumes: {data: {}}
secrets: {db_password: {file: ./db_password.txt}}
configs: {catalog: {content: "name: \${SHOP}\\n"}}
`
  const project = {
    'compose.yaml': COMPOSE,
    '.env': 'SHOP=Books\n',
    'common.env': 'LOG_LEVEL=info\nREGION=eu\n',
    'worker.yaml': 'services:\n  base:\n    image: shop/worker:1\n    environment: {LOG_LEVEL: debug}\n    volumes: ["./jobs:/etc/jobs:ro"]\n',
    'db_password.txt': 'db-pass-1\n',
    'jobs/a.yaml': 'a\n',
    'jobs/sub/b.yaml': 'b\n',
    'reports/r.yaml': 'r\n',
  }
  const findImage: FindImage = async ([first = '']) => ({ image: first })

  it('becomes a template that publishing accepts', async () => {
    const { template, component } = await imported(project, { findImage })
    expect(template.components.map(({ name, workload }) => [name, workload])).toEqual([
      ['gateway', 'stateless'],
      ['cart', 'stateless'],
      ['catalog', 'stateless'],
      ['migrate', 'job'],
      ['db', 'stateful'],
      ['redis', 'stateless'],
      ['worker', 'daemon'],
      ['reports', 'stateless'],
      ['grafana', 'stateless'],
      ['mailer', 'stateless'],
    ])
    expect(component('gateway')).toMatchObject({ image: 'project-gateway', env: [{ name: 'LOG_LEVEL', value: 'info' }, { name: 'REGION' }] })
    expect(component('mailer')).toMatchObject({
      capabilities: { add: ['NET_BIND_SERVICE'] },
      ulimits: { nofile: { soft: 65_536, hard: 65_536 }, nproc: { soft: 100, hard: 200 } },
      extraHosts: { relay: '10.0.0.5' },
      stopGrace: '1m30s',
      stopSignal: 'SIGQUIT',
      user: '1000',
      group: '1000',
    })
    expect(component('db')).toMatchObject({ shmSize: '256Mi', probes: { readiness: { exec: ['pg_isready'], interval: '2s', failureThreshold: 10 } } })
  })

  it('waits for whom it waited', async () => {
    const { component } = await imported(project, { findImage })
    expect(component('gateway').dependsOn).toMatchObject([{ component: 'cart' }, { component: 'catalog' }])
    expect(component('catalog').dependsOn).toMatchObject([
      { component: 'migrate', wait: 'completed' },
      { component: 'db', wait: 'healthy' },
    ])
    expect(component('mailer').dependsOn?.map(({ component }) => component)).toEqual(['cart', 'catalog'])
  })

  it('does not wait in a circle for whom it merely names', async () => {
    const { component } = await imported(project, { findImage })
    // gateway waits for cart, and cart names gateway by its alias.
    expect(component('cart').env).toContainEqual({ name: 'EDGE', value: 'http://gateway:8080' })
    expect(component('cart').dependsOn).toContainEqual(expect.objectContaining({ component: 'gateway', wait: 'none' }))
  })

  it('makes profiles modules, and a component of two a module that both require', async () => {
    const { template, component } = await imported(project, { findImage, profiles: ['debug'] })
    expect(template.modules).toEqual([
      { name: 'reporting', title: 'reporting', default: false, requires: ['debug-reporting'] },
      { name: 'debug', title: 'debug', default: true, requires: ['debug-reporting'] },
      { name: 'debug-reporting', title: 'debug, reporting', default: true },
    ])
    expect(component('reports').module).toBe('reporting')
    expect(component('grafana').module).toBe('debug-reporting')
  })

  it('carries configs, secrets and folders of the project as files', async () => {
    const { component, files } = await imported(project, { findImage })
    expect(component('catalog').files).toEqual([
      { path: '/etc/catalog.yaml', source: './configs/catalog', mode: '0440' },
      { path: '/run/secrets/db_password', source: './secrets/db_password', template: true, secret: true },
    ])
    expect(files.get('./configs/catalog')?.toString()).toBe('name: Books\n')
    expect(files.get('./secrets/db_password')?.toString()).toBe('${components.db.DB_PASSWORD}\n')
    expect(component('worker').files?.map(({ path }) => path)).toEqual(['/etc/jobs/a.yaml', '/etc/jobs/sub/b.yaml'])
  })

  it('finds secrets in URLs, arguments and files, and asks for those that somebody else gives out', async () => {
    const { template, component, text } = await imported(project, { findImage })
    for (const secret of ['s3cr3t-queue', 'db-pass-1', 'mail-pass-9', '0123456789abcdef']) expect(text).not.toContain(secret)
    expect(component('redis').command).toEqual(['redis-server', '--requirepass', '${self.REDIS_PASSWORD}'])
    expect(component('cart').env).toContainEqual({ name: 'REDIS_URL', value: 'redis://:${components.redis.REDIS_PASSWORD}@redis:6379/0', secret: true })
    expect(component('migrate').command).toEqual(['migrate', '--password', '${components.db.DB_PASSWORD}'])
    expect(component('catalog').connection).toEqual([{ name: 'SESSION_KEY', generate: { length: 32, alphabet: 'hex' } }])
    expect(template.parameters?.filter(({ type }) => type === 'secret')).toEqual([expect.objectContaining({ name: 'SMTP_PASSWORD', required: true })])
  })

  it('shares a volume from the one that writes into it', async () => {
    const { component } = await imported(project, { findImage })
    expect(component('db').volumes).toContainEqual({ name: 'data', path: '/var/lib/postgresql/data', access: 'shared' })
    expect(component('db').volumes).toContainEqual({ name: 'postgresql', path: '/run/postgresql', kind: 'memory', size: '64Mi' })
    expect(component('reports').volumes).toEqual([{ name: 'data', path: '/data', readOnly: true, from: { component: 'db', volume: 'data' } }])
  })

  it('does what --secret says, and refuses one that is not there', async () => {
    const { template, component } = await imported(project, {
      findImage,
      secrets: { 'grafana/GF_SECURITY_ADMIN_PASSWORD': 'keep-literal', 'catalog/SESSION_KEY': 'parameter', 'mailer/SMTP_PASSWORD': 'generate' },
    })
    expect(component('grafana').env).toContainEqual({ name: 'GF_SECURITY_ADMIN_PASSWORD', value: 'admin' })
    expect(template.parameters?.map(({ name }) => name)).toContain('SESSION_KEY')
    expect(component('mailer').connection).toMatchObject([{ name: 'SMTP_PASSWORD' }])
    await expect(imported(project, { findImage, secrets: { 'mailer/SMTP_PASWORD': 'generate' } })).rejects.toMatchObject({
      code: 'NAME_UNKNOWN',
      hint: expect.stringContaining('mailer/SMTP_PASSWORD'),
    })
  })

  it('says what of it was not built', async () => {
    await expect(imported(project)).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringContaining('gateway (project-gateway or project_gateway)'),
    })
  })
})

describe('several files', () => {
  it('are laid over one another by the rules of the specification', async () => {
    const { component } = await imported(
      {
        'compose.yaml': `
services:
  web:
    image: web:1
    command: [a, b]
    environment: {A: "1", B: "2"}
    ports: ["80:80", "81:81"]
    volumes: [one:/one, two:/two]
    cap_add: [NET_ADMIN]
    healthcheck: {test: [CMD, old], interval: 3s}
    labels: {x: y}
volumes: {one: {}, two: {}, other: {}}
`,
        'prod.yaml': `
services:
  web:
    command: [c]
    environment: [B=3, C=4]
    ports: !override ["8080:80"]
    volumes: [other:/two]
    cap_add: [SYS_TIME, NET_ADMIN]
    healthcheck: {test: [CMD, new]}
    labels: !reset null
`,
      },
      { files: ['/project/compose.yaml', '/project/prod.yaml'] },
    )
    expect(component('web')).toMatchObject({
      command: ['c'],
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '3' },
        { name: 'C', value: '4' },
      ],
      ports: [{ port: 80, public: { hostPort: '${parameters.web-http-port}' } }],
      volumes: [
        { name: 'one', path: '/one' },
        { name: 'other', path: '/two' },
      ],
      capabilities: { add: ['NET_ADMIN', 'SYS_TIME'] },
      probes: { readiness: { exec: ['new'], interval: '3s' } },
    })
  })

  it('may be included, with paths and variables of their own folder', async () => {
    const { component } = await imported({
      'compose.yaml': 'include: [db/compose.yaml]\nservices: {web: {image: web:1, depends_on: [db]}}\n',
      'db/compose.yaml': 'services: {db: {image: "db:${TAG}", env_file: db.env}}\n',
      'db/.env': 'TAG=7\n',
      'db/db.env': 'MODE=small\n',
    })
    expect(component('db')).toMatchObject({ image: 'db:7', env: [{ name: 'MODE', value: 'small' }] })
  })

  it.each([
    ['a circle of includes', { 'compose.yaml': 'include: [a.yaml]\nservices: {}', 'a.yaml': 'include: [compose.yaml]\nservices: {}' }],
    ['a circle of extensions', { 'compose.yaml': 'services: {a: {extends: b}, b: {extends: a}}' }],
    ['a service twice', { 'compose.yaml': 'include: [a.yaml]\nservices: {web: {image: a}}', 'a.yaml': 'services: {web: {image: b}}' }],
    ['a file that is not there', { 'compose.yaml': 'include: [none.yaml]\nservices: {web: {image: a}}' }],
    ['no services', { 'compose.yaml': 'services: {}' }],
    ['another document', { 'compose.yaml': 'services: {a: {image: a}}\n---\nservices: {}' }],
    ['an unknown field', { 'compose.yaml': 'services: {a: {image: a, imagine: b}}' }],
    ['an unknown section', { 'compose.yaml': 'services: {a: {image: a}}\nsrvices: {}' }],
    ['a required variable', { 'compose.yaml': 'services: {a: {image: "${TAG:?}"}}' }],
    ['neither image nor build', { 'compose.yaml': 'services: {a: {command: b}}' }],
    ['an unknown volume', { 'compose.yaml': 'services: {a: {image: a, volumes: ["x:/x"]}}' }],
    ['an unknown service', { 'compose.yaml': 'services: {a: {image: a, depends_on: [b]}}' }],
    ['a bad port', { 'compose.yaml': 'services: {a: {image: a, ports: ["eighty"]}}' }],
    [
      'an alias bomb',
      {
        'compose.yaml': `a0: &a0 [x]\n${Array.from({ length: 12 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array.from({ length: 9 }, () => `*a${index}`).join(', ')}]`).join('\n')}\nservices: {}`,
      },
    ],
  ])('are refused with %s', async (_what, contents) => {
    await expect(imported(contents as Record<string, string>)).rejects.toMatchObject({
      code: 'COMPOSE_INVALID',
      message: expect.stringMatching(/\.yaml:\d+: /),
    })
  })
})

describe('ports', () => {
  it('are read in every form', async () => {
    const { component, template } = await imported(
      service(`ports:
  - "3000"
  - "3001-3002"
  - "49100:22"
  - "9090-9091:8080-8081"
  - "6060:6060/udp"
  - "0.0.0.0:5353:53/udp"
  - "[::]:444:443"
  - {target: 7000, published: 7001, name: admin, app_protocol: http}
expose: ["5000", "6000-6001/udp"]`),
    )
    expect(component('web').ports).toEqual([
      { name: 'http', port: 3000, public: { kind: 'http' } },
      { name: 'port-3001', port: 3001, public: { kind: 'tcp' } },
      { name: 'port-3002', port: 3002, public: { kind: 'tcp' } },
      { name: 'ssh', port: 22, public: { kind: 'tcp', hostPort: '${parameters.web-ssh-port}' } },
      { name: 'http-2', port: 8080, public: { kind: 'http', hostPort: '${parameters.web-http-2-port}' } },
      { name: 'port-8081', port: 8081, public: { kind: 'tcp', hostPort: '${parameters.web-port-8081-port}' } },
      { name: 'udp-6060', port: 6060, protocol: 'udp', public: { kind: 'udp', hostPort: '${parameters.web-udp-6060-port}' } },
      { name: 'dns', port: 53, protocol: 'udp', public: { kind: 'udp', hostPort: '${parameters.web-dns-port}' } },
      { name: 'https', port: 443, public: { kind: 'http', hostPort: '${parameters.web-https-port}' } },
      { name: 'admin', port: 7000, public: { kind: 'http', hostPort: '${parameters.web-admin-port}' } },
      { name: 'http-3', port: 5000 },
      { name: 'udp-6000', port: 6000, protocol: 'udp' },
      { name: 'udp-6001', port: 6001, protocol: 'udp' },
    ])
    expect(template.parameters?.find(({ name }) => name === 'web-admin-port')?.default).toBe(7001)
  })
})

describe('health checks', () => {
  const health = { Test: ['CMD', 'image-check'], Interval: 5e9, Timeout: 2e9, Retries: 7 }
  const findImage: FindImage = async ([image = '']) => ({
    image,
    facts: { env: [], entrypoint: [], command: [], user: '', workingDir: '', stopSignal: '', ports: ['8080/tcp'], volumes: ['/state'], health },
  })

  it("are the image's where the service has none, as its ports and volumes are", async () => {
    const { component } = await imported(service(''), { findImage })
    expect(component('web')).toMatchObject({
      workload: 'stateful',
      probes: { readiness: { exec: ['image-check'], interval: '5s', timeout: '2s', failureThreshold: 7 } },
      ports: [{ port: 8080 }],
      volumes: [{ name: 'state', path: '/state' }],
    })
  })

  it.each(['healthcheck: {disable: true}', 'healthcheck: {test: [NONE]}', 'healthcheck: {test: NONE, disable: "true"}'])('are none with %s', async (yaml) => {
    const { component } = await imported(service(yaml), { findImage })
    expect(component('web').probes).toBeUndefined()
  })

  it('give an application that starts slowly its time', async () => {
    const { component } = await imported(service('healthcheck: {test: check me, interval: 1m, retries: 5, start_period: 10m, start_interval: 5s}'))
    expect(component('web').probes).toMatchObject({
      startup: { interval: '5s', failureThreshold: 180 },
      readiness: { exec: ['/bin/sh', '-c', 'check me'] },
      gate: '16m',
    })
  })
})

describe('mounts of the host', () => {
  it('are files where they are files of the project, volumes where they are data', async () => {
    const { component, notes } = await imported({
      ...service(
        'volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro", "./data:/var/lib/app", "./empty:/etc/empty", "/srv/app:/srv", "./conf.d:/etc/conf.d", {type: bind, source: ./none, target: /none}]',
      ),
      'nginx.conf': 'x',
      'data/file': 'x',
      'empty/': '',
      'conf.d/a.conf': 'x',
    })
    expect(component('web').files?.map(({ path }) => path)).toEqual(['/etc/nginx/nginx.conf', '/etc/conf.d/a.conf'])
    expect(component('web').volumes?.map(({ path }) => path)).toEqual(['/var/lib/app', '/etc/empty', '/srv', '/none'])
    expect(notes.filter(({ message }) => message.includes('Its content does not travel'))).toHaveLength(4)
  })

  it.each([
    ['/var/run/docker.sock:/var/run/docker.sock', "site's engine"],
    ['/proc:/host/proc:ro', 'belongs to one host'],
    ['/root/.ssh/id_rsa:/key:ro', 'outside the project'],
  ])('are refused where nothing could take their place: %s', async (mount, why) => {
    const contents = { ...service(`volumes: ["${mount}"]`), '/root/.ssh/id_rsa': 'private' }
    await expect(imported(contents)).rejects.toMatchObject({ code: 'IMPORT_REFUSED', message: expect.stringContaining(why) })
    const { notes } = await imported(contents, { leaveOut: ['web/volumes'] })
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'left-out', component: 'web', message: expect.stringContaining('left out as told') }))
  })
})

describe('what can not be carried', () => {
  const SAMPLE: Readonly<Record<string, string>> = {
    blkio_config: '{weight: 300}',
    depends_on: '[]',
    devices: '["/dev/a:/dev/a"]',
    driver_opts: '{a: b}',
    labels: '{a: b}',
    annotations: '{a: b}',
    ipc: 'host',
    pid: 'host',
    network_mode: 'host',
    logging: '{driver: none}',
    models: '[llm]',
    provider: '{type: x}',
    credential_spec: '{file: a.json}',
    post_start: '[{command: a}]',
    pre_stop: '[{command: a}]',
    cgroup: 'host',
    use_api_socket: 'true',
    storage_opt: '{size: 1G}',
  }
  const sample = (name: string): string =>
    SAMPLE[name] ?? (name.endsWith('s') || name.includes('dns') || name === 'group_add' || name === 'security_opt' ? '[a]' : '"1"')

  it.each(SERVICE_FIELDS.filter(({ fate }) => fate === 'left-out').map(({ field }) => field))('%s is named', async (field) => {
    const { notes } = await imported(service(`${field}: ${sample(field)}`))
    expect(notes).toContainEqual(
      expect.objectContaining({ kind: 'left-out', component: 'web', subject: `services.web.${field}`, where: expect.stringMatching(/^compose\.yaml:\d+$/) }),
    )
  })

  it.each(SERVICE_FIELDS.filter(({ fate }) => fate === 'refused').map(({ field }) => field))('%s is refused, and can be left out', async (field) => {
    const contents = service(`${field}: ${sample(field)}`)
    await expect(imported(contents)).rejects.toMatchObject({ code: 'IMPORT_REFUSED', message: expect.stringContaining(`--leave-out web/${field}`) })
    const { notes } = await imported(contents, { leaveOut: [`web/${field}`] })
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'left-out', subject: expect.stringContaining(field) }))
  })

  it('is all named at once', async () => {
    const failing = imported(service('pid: host\nnetwork_mode: host\nipc: host'))
    await expect(failing).rejects.toMatchObject({ message: expect.stringMatching(/pid[^]*ipc[^]*network_mode|network_mode[^]*pid|pid[^]*network_mode/) })
  })

  it('is a whole service too, where the publisher says so', async () => {
    const contents = { 'compose.yaml': 'services: {web: {image: a, depends_on: [agent]}, agent: {image: b, pid: host}}' }
    const { template, notes } = await imported(contents, { leaveOut: ['agent'] })
    expect(template.components.map(({ name }) => name)).toEqual(['web'])
    expect(notes).toContainEqual(expect.objectContaining({ subject: 'services.web.depends_on.agent' }))
    await expect(imported(contents, { leaveOut: ['agent', 'agnet'] })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
  })
})

describe('files', () => {
  it('that are private keys are asked for at the site, not carried', async () => {
    const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\n'
    const { template, files, text } = await imported({ ...service('volumes: ["./tls.key:/etc/tls.key:ro"]'), 'tls.key': key })
    expect(template.parameters).toEqual([expect.objectContaining({ name: 'TLS_KEY', type: 'secret', required: true })])
    expect(files.get('./files/tls.key')?.toString()).toBe('${parameters.TLS_KEY}\n')
    expect(text).not.toContain('MIIabc')
  })

  it('in which a secret seems to stand are named with the line', async () => {
    const { notes } = await imported({
      ...service('volumes: ["./app.yaml:/etc/app.yaml:ro"]'),
      'app.yaml': 'port: 80\ndb:\n  password: hunter2hunter2\n  passwords: true\n  token: ${TOKEN}\n',
    })
    expect(notes.filter(({ kind }) => kind === 'warning')).toEqual([
      expect.objectContaining({ subject: './files/app.yaml', message: expect.stringMatching(/^line 3 /) }),
    ])
    expect(JSON.stringify(notes)).not.toContain('hunter2')
  })
})

describe('texts', () => {
  it('that look like expressions of a template stay what they are', async () => {
    const { component } = await imported(service('environment: {A: "$${HOME} $$${X:-y}"}\ncommand: echo $${self.host}'))
    expect(component('web').env).toEqual([{ name: 'A', value: '$${HOME} $y' }])
    expect(component('web').command).toEqual(['echo', '$${self.host}'])
  })

  it('of numbers and truth values are those that Compose makes of them', async () => {
    const { component } = await imported(service('environment: {A: 1.50, B: true, C: 0022, D: "0022", E: 1e3}'))
    expect(component('web').env?.map(({ value }) => value)).toEqual(['1.5', 'true', '18', '0022', '1000'])
  })
})
