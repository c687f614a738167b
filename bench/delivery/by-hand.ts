import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/*
 * What someone without Sealift would write to bring the example up from the archive that `docker save` made: load, then start one
 * container after the other, each once those that it needs are ready. The containers, their settings, their probes and the
 * acceptance check at the end are those of the template.
 *
 *   node bench/delivery/by-hand.ts HOST ARCHIVE FILES      run inside the engine's network namespace
 */

/** Milliseconds between looks at what is not ready yet: the interval that the template's probes have. */
const POLL = 1000
const PATIENCE = 120_000

const [host = '', archive = '', files = ''] = process.argv.slice(2)
const execute = promisify(execFile)
const docker = async (...words: readonly string[]): Promise<string> => (await execute('docker', ['--host', host, ...words])).stdout.trim()

const database = { DB_HOST: 'db', DB_PORT: '3306', DB_NAME: 'bookshop', DB_USER: 'bookshop', DB_PASSWORD: 'a-password-by-hand' }
const cache = { CACHE_HOST: 'cache', CACHE_PORT: '6379', CACHE_PASSWORD: 'another-password' }
const catalog = { CATALOG_HOST: 'catalog', CATALOG_PORT: '8000' }

interface Container {
  readonly name: string
  readonly image: string
  readonly memory: string
  readonly env: Readonly<Record<string, string>>
  readonly more?: readonly string[]
}

async function start({ name, image, memory, env, more = [] }: Container): Promise<void> {
  const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
  await docker('run', '--detach', '--name', name, '--network', 'bookshop', '--restart', 'unless-stopped', '--memory', memory, ...variables, ...more, image)
}

async function until(what: string, isReady: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE
  while (!(await isReady())) {
    if (Date.now() > end) throw new Error(`${what} did not get ready`)
    await sleep(POLL)
  }
}

const succeeds = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => true,
    () => false,
  )

const ready = (name: string, ...command: readonly string[]): Promise<void> => until(name, () => succeeds(docker('exec', name, ...command)))

async function addressOf(name: string): Promise<string> {
  return docker('inspect', '--format', '{{.NetworkSettings.Networks.bookshop.IPAddress}}', name)
}

async function answers(name: string, port: number): Promise<void> {
  const url = `http://${await addressOf(name)}:${port}/healthz`
  await until(name, () =>
    fetch(url, { signal: AbortSignal.timeout(3000) }).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
}

async function listens(name: string, port: number): Promise<void> {
  const address = await addressOf(name)
  await until(name, () =>
    succeeds(
      new Promise<void>((resolve, reject) => {
        const socket = connect(port, address, () => resolve(void socket.destroy()))
        socket.on('error', reject)
      }),
    ),
  )
}

const mount = (file: string, path: string): readonly string[] => ['--volume', `${join(files, file)}:${path}:ro`]

const began = Date.now()
const tell = (what: string): void => console.log(`${((Date.now() - began) / 1000).toFixed(2)} s  ${what}`)

await docker('load', '--quiet', '--input', archive)
tell('the images are there')
await docker('network', 'create', 'bookshop')
await start({
  name: 'db',
  image: 'bookshop/mariadb:10.11',
  memory: '512m',
  env: { TZ: 'UTC', MARIADB_DATABASE: 'bookshop', MARIADB_USER: 'bookshop', MARIADB_PASSWORD: database.DB_PASSWORD },
  more: ['--volume', 'data:/var/lib/mysql', ...mount('database.cnf', '/etc/mysql/mariadb.conf.d/90-site.cnf')],
})
await start({
  name: 'cache',
  image: 'bookshop/redis:7.0',
  memory: '128m',
  env: { REDIS_PASSWORD: cache.CACHE_PASSWORD },
  more: ['--volume', 'queue:/data'],
})
await ready('db', 'mariadb-admin', 'ping')
tell('the database is ready')
await ready('cache', 'redis-ready')
const variables = Object.entries(database).flatMap(([key, value]) => ['--env', `${key}=${value}`])
await docker('run', '--rm', '--network', 'bookshop', ...variables, 'bookshop/orders:2.9', 'python3', 'migrate.py')
const services = { ...database, ...cache }
await start({ name: 'catalog', image: 'bookshop/catalog:2.9', memory: '256m', env: { ...services, GREETING: 'Welcome', CURRENCY: 'EUR' } })
await start({ name: 'worker', image: 'bookshop/worker:2.9', memory: '128m', env: services })
await start({ name: 'reports', image: 'bookshop/reports:2.9', memory: '512m', env: { ...database, CURRENCY: 'EUR' } })
await answers('catalog', 8000)
tell('the catalog is ready')
await start({ name: 'orders', image: 'bookshop/orders:2.9', memory: '256m', env: { ...services, ...catalog } })
await answers('orders', 8000)
await start({
  name: 'web',
  image: 'bookshop/web:2.9',
  memory: '128m',
  env: { ...catalog, ORDERS_HOST: 'orders', ORDERS_PORT: '8000' },
  more: ['--publish', '8080:8080', ...mount('services.conf', '/etc/nginx/site.d/services.conf'), ...mount('shop.json', '/srv/shop/shop.json')],
})
await answers('web', 8080)
tell('the storefront is ready')
await ready('worker', 'worker-alive')
await listens('reports', 8000)
await docker('run', '--rm', '--network', 'bookshop', '--env', 'WEB_HOST=web', '--env', 'WEB_PORT=8080', 'bookshop/check:2.9', 'python3', 'buy.py')
tell('a book was bought')
