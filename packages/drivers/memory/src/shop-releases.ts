import { type TestRelease, testRelease } from '@sealift/deploy/test-release.ts'
import type { Template } from '@sealift/template/schema/template.ts'

type Body = Parameters<typeof testRelease>[2]
type Component = Template['components'][number]

const db: Component = {
  name: 'db',
  workload: 'stateful',
  image: 'mariadb:10',
  ports: [{ name: 'mysql', port: 3306 }],
  env: [{ name: 'PASSWORD', value: '${self.DB_PASSWORD}', secret: true }],
  connection: [
    { name: 'DB_HOST', value: '${self.host}' },
    { name: 'DB_PASSWORD', generate: { length: 24 } },
  ],
  volumes: [{ name: 'data', path: '/var/lib/mysql', size: '1Gi' }],
  probes: { readiness: { exec: ['ping'], interval: '1s' } },
}

const migrate: Component = { name: 'migrate', workload: 'job', image: 'app:1', command: ['migrate'], dependsOn: [{ component: 'db' }] }

const app: Component = {
  name: 'app',
  workload: 'stateless',
  image: 'app:1',
  dependsOn: [{ component: 'db' }, { component: 'migrate' }],
  ports: [{ name: 'http', port: 8000 }],
  env: [
    { name: 'GREETING', value: 'Welcome' },
    { name: 'MODE', value: 'fast', onUpgrade: 'follow' },
    { name: 'LICENCE', value: 'one', onUpgrade: 'locked' },
  ],
  connection: [{ name: 'APP_HOST', value: '${self.host}' }],
  files: [{ path: '/etc/app.conf', source: './app.conf' }],
  probes: { readiness: { http: { port: 'http', path: '/healthz' }, interval: '1s' } },
  scaling: { min: 1, max: 4 },
}

const reports: Component = {
  name: 'reports',
  module: 'reporting',
  workload: 'stateless',
  image: 'reports:1',
  dependsOn: [{ component: 'db' }],
  connection: [{ name: 'REPORTS_HOST', value: '${self.host}' }],
}

const web: Component = {
  name: 'web',
  workload: 'stateless',
  image: 'web:1',
  dependsOn: [{ component: 'app' }, { component: 'reports', optional: true, wait: 'none' }],
  ports: [
    { name: 'http', port: 80, public: { kind: 'http', hostPort: '${parameters.port}' } },
    { name: 'admin', port: 81, public: { kind: 'http' } },
  ],
  files: [{ path: '/etc/web.conf', source: './web.conf', template: true }],
}

const base: Body = {
  parameters: [
    { name: 'domain', type: 'string', required: true },
    { name: 'port', type: 'number', default: 8080, min: 1, max: 65_535 },
  ],
  modules: [{ name: 'reporting', default: true }],
  components: [db, migrate, app, reports, web],
  checks: [{ name: 'can-buy', image: 'check:1', command: ['buy'], dependsOn: [{ component: 'web' }] }],
}

const FILES = { './web.conf': 'upstream ${components.app.host}:${components.app.ports.http} for ${parameters.domain}' }

/** Version 1 of a small shop. */
export function shop1(): TestRelease {
  return testRelease('1.0.0', 1, base, { ...FILES, './app.conf': 'one' })
}

/** Version 2: a new image, a new default, a new variable, a new file content, a new component. */
export function shop2(change: (body: Body) => Body = (body) => body): TestRelease {
  const env = [
    { name: 'GREETING', value: 'Welcome, reader' },
    { name: 'MODE', value: 'faster', onUpgrade: 'follow' as const },
    { name: 'LICENCE', value: 'two', onUpgrade: 'locked' as const },
    { name: 'SHIPPING', value: '50' },
  ]
  const hints: Component = { name: 'hints', workload: 'stateless', image: 'hints:2', dependsOn: [{ component: 'migrate' }] }
  const components = [db, { ...migrate, image: 'app:2' }, { ...app, image: 'app:2', env }, hints, reports, web]
  return testRelease('2.0.0', 2, change({ ...base, components }), { ...FILES, './app.conf': 'two' })
}
