import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type BookshopCustomer, bookshopCustomer, type Order } from '@sealift/testbed/bookshop.ts'
import { run } from '@sealift/testbed/command.ts'
import { vendorEngine } from '@sealift/testbed/engine.ts'
import { type BookshopRelease, bookshopFolder, buildImages } from '@sealift/testbed/images.ts'
import { packagedSealift } from '@sealift/testbed/packaged-file.ts'
import { createSite, type Site } from '@sealift/testbed/site.ts'
import { stickInSite } from '@sealift/testbed/site-root.ts'
import { openPlace, type Place } from './place.ts'
import type { Story } from './story.ts'
import { until } from './until.ts'

/** What a delivery is given. */
export interface DeliveryOptions {
  readonly story: Story
  /** The name of the site to make. */
  readonly site: string
  /** A folder for the vendor's data and the stick; taken away at the end. */
  readonly folder: string
  readonly keep: boolean
  readonly signal: AbortSignal
  /** Told of each version that the shop itself says it has, as it comes to it. */
  readonly passed: (version: string) => void
}

interface Installed {
  readonly version: string | null
  readonly revision: number | null
  readonly health: string
  readonly upgrade: string | null
  readonly supervised: boolean
  readonly components: readonly { readonly name: string; readonly health: string; readonly leftOver: boolean; readonly message: string }[]
}

interface PlanItem {
  readonly component: string | null
  readonly kind: string
  readonly name: string
  readonly now: string | null
  readonly then: string | null
  readonly offered?: string
  readonly effect: string
}

interface Revision {
  readonly number: number
  readonly kind: string
  readonly version: string
  readonly outcome: string
  readonly current: boolean
}

const SHOP = 'http://127.0.0.1:8080'
const GREETING = 'Ahoy, and welcome aboard'
const DATABASE_SETTINGS = '/etc/mysql/mariadb.conf.d/90-site.cnf'

/**
 * The delivery, from a vendor to a closed site and back, every outcome checked. Throws at the first that is not as it should be.
 * Whatever was made for it is taken away at the end, however it ends, but for what `keep` keeps.
 */
export async function deliver(options: DeliveryOptions): Promise<void> {
  const { story, folder, keep, signal } = options
  await using leftBehind = new AsyncDisposableStack()
  let stays = false
  leftBehind.defer(() => {
    if (!stays) rmSync(folder, { recursive: true, force: true })
  })
  const step = (name: string, title: string): void => {
    signal.throwIfAborted()
    story.step(name, title)
  }
  const stick = join(folder, 'stick')
  mkdirSync(stick)

  step('prepare', 'Make ready: one self-contained file for the site, the vendor’s engine with the shop’s images')
  const file = await packagedSealift()
  story.check('Sealift is packaged as one file', true, `${Math.round(statSync(file).size / 1e6)} MB`)
  const engine = await vendorEngine()
  if (engine.isOurs) leftBehind.defer(() => engine.stop())
  const images = await buildImages(engine)
  story.check(`the vendor’s engine holds the images of the Bookshop`, images.length > 0, `${images.length} images`)

  const vendor = openVendor(options, engine.host)
  const release = async (folderOf: BookshopRelease, version: string): Promise<string> => {
    const bundle = `bookshop-${version}.sealift`
    await vendor.type('publish', join('examples/bookshop', folderOf, 'bookshop.yaml'))
    await vendor.type('export', `bookshop@${version}`, '--out', join(stick, bundle))
    story.check(`the stick holds ${bundle}`, true, `${Math.round(statSync(join(stick, bundle)).size / 1e6)} MB`)
    return join(stickInSite, bundle)
  }

  step('publish 2.9', 'The vendor publishes Bookshop 2.9.0 and exports it to a stick')
  story.say(`The vendor: this machine, the checkout’s ./sealift, a new data folder (SEALIFT_DATA), the engine at ${engine.host} (DOCKER_HOST).`)
  const bundle29 = await release('2.9', '2.9.0')
  const fingerprint = await fingerprintOf(vendor)
  story.say(`The vendor reads the fingerprint of its key to the site by phone: ${fingerprint}`)

  step('site', 'A closed site: its own engine with nothing in it, plain Debian, no network; Sealift is the one file that it was handed')
  const site = await createSite({ name: options.site, sealiftFile: file, stick, keep })
  leftBehind.defer(async () => {
    if (!stays) await site.destroy()
  })
  await proveClosed(site, story)
  const there = openSite(site, options)
  await there.type('--version')
  story.typed('site', 'sealift up &')
  await site.run(['sh', '-c', 'setsid sealift up </dev/null >/var/log/sealift.log 2>&1 &'])
  await until('the registry of the site answering', 60, () => answers(site, 'http://127.0.0.1:7070/v2/'), signal)
  story.check('the server answers', true, 'http://127.0.0.1:7070/v2/')
  const shop = bookshopCustomer(SHOP, site.request)

  step('import 2.9', 'The site imports the bundle, and trusts the vendor’s key by its fingerprint')
  const refusal = await there.typeRefused(3, 'import', bundle29)
  story.check('refused: the site does not know the key yet, and is told which it is', refusal.includes(fingerprint))
  story.same('the library is empty still', (await there.ask<unknown[]>('releases')).length, 0)
  await there.type('import', bundle29, '--trust', fingerprint)
  story.same('the library holds one release', (await there.ask<unknown[]>('releases')).length, 1)

  step('install', 'The site installs Bookshop 2.9.0')
  await there.type('install', 'bookshop@2.9.0', '--set', 'shopName=Harbour Books', '--set', 'domain=books.harbour')
  await there.type('status', 'bookshop')
  await checkHealthy(there, story, '2.9.0')
  await checkShop(shop, options, '2.9.0', 'Welcome')
  const { name, domain } = await shop.shopJson()
  story.same('the storefront has the name that the site chose', name, 'Harbour Books')
  story.same('and its domain, in a file that the release made of it', domain, 'books.harbour')

  step('buy', 'A customer buys two books')
  const orders: Order[] = []
  for (const book of (await shop.books()).slice(0, 2)) {
    story.say(`POST ${SHOP}/api/orders {"book": ${book.id}, "customer": "ann"}`)
    const order = await shop.buy(book.id, 'ann')
    orders.push(order)
    story.check(`“${book.title}” is bought, and the worker has recorded the order in the database`, order.customer === 'ann', `order ${order.id}`)
  }

  step('configure', 'The site changes a setting')
  await there.type('configure', 'bookshop', 'catalog', '--env-var', `GREETING=${GREETING}`, '--yes')
  await checkShop(shop, options, '2.9.0', GREETING, { isNew: false })
  await checkOrders(shop, story, orders)

  step('publish 3.0', 'Later, the vendor publishes 3.0.0 and exports it to the stick')
  const bundle30 = await release('3.0', '3.0.0')

  step('plan', 'The site imports 3.0.0, and looks at what an upgrade would do')
  await there.type('import', bundle30)
  story.same('the site is offered it', (await there.ask<Installed>('status', 'bookshop')).upgrade, '3.0.0')
  await there.type('plan', 'bookshop', '--to', '3.0.0')
  const plan = await there.ask<{ digest: string; items: readonly PlanItem[] }>('plan', 'bookshop', '--to', '3.0.0')
  checkPlan(plan.items, story)

  step('upgrade', 'The site upgrades to 3.0.0, by the plan that it was shown')
  await there.type('upgrade', 'bookshop', '--to', '3.0.0', '--plan', plan.digest.slice('sha256:'.length, 'sha256:'.length + 12), '--yes')
  await checkHealthy(there, story, '3.0.0')
  await checkShop(shop, options, '3.0.0', GREETING)
  await checkOrders(shop, story, orders)
  const [first, second] = orders
  const recommended = first === undefined ? [] : await shop.recommendations(first.book)
  story.check(
    'the new component answers: it recommends the other book that ann bought',
    recommended.some(({ id }) => id === second?.book),
    recommended.map(({ title }) => title).join(', '),
  )
  story.same('the new variable is there', (await shop.about()).freeShippingFrom, 50)
  story.check(
    'the database’s settings are as before: the vendor’s change to them is only offered',
    (await databaseSettings(site)).includes('max-connections = 100'),
  )

  step('roll back', 'The site rolls back to what was before the upgrade')
  await there.type('rollback', 'bookshop', '--yes')
  await checkShop(shop, options, '2.9.0', GREETING)
  await checkOrders(shop, story, orders)
  const afterRollback = await there.ask<Installed>('status', 'bookshop')
  story.same('status says so too', afterRollback.version, '2.9.0')
  const recommendations = afterRollback.components.find((component) => component.name === 'recommendations')
  story.check('what only 3.0.0 had was not deleted, and is shown as left over', recommendations?.leftOver === true)

  step('failed upgrade', 'The vendor delivers 3.1.0, which never gets healthy; the site returns by itself')
  const bundle31 = await release('3.1-broken', '3.1.0')
  await there.type('import', bundle31)
  const failure = await there.typeRefused(1, 'upgrade', 'bookshop', '--to', '3.1.0', '--yes')
  story.check('the upgrade failed, and named the component that did', failure.includes('orders'))
  await checkShop(shop, options, '2.9.0', GREETING, { isNew: false })
  await checkOrders(shop, story, orders)
  const afterReturn = await there.ask<Installed>('status', 'bookshop')
  story.same('status says 2.9.0', afterReturn.version, '2.9.0')
  story.same('and healthy', afterReturn.health, 'healthy')

  step('history', 'What was done to the installation')
  await there.type('history', 'bookshop')
  const revisions = (await there.ask<readonly Revision[]>('history', 'bookshop')).toSorted((a, b) => a.number - b.number)
  story.same(
    'the history tells it all',
    revisions
      .map(({ kind, version }) => `${kind} ${version}`)
      .slice(0, 4)
      .join(', '),
    'install 2.9.0, configure 2.9.0, upgrade 3.0.0, rollback 2.9.0',
  )
  story.check(
    'the upgrade to 3.1.0 is in it as failed',
    revisions.some(({ version, outcome }) => version === '3.1.0' && outcome === 'failed'),
  )
  await there.type('logs', 'bookshop', 'orders', '--tail', '3')

  if (keep) {
    stays = true
    sayHowToReach(site, story)
    return
  }
  step('uninstall', 'The site removes the shop, and keeps its data')
  await there.type('uninstall', 'bookshop', '--yes')
  story.check('no container is left', (await site.engine.docker('ps', '--all', '--quiet')).trim() === '')
  const volumes = (await site.engine.docker('volume', 'ls', '--quiet')).split('\n').filter((line) => line !== '')
  story.check(
    'the database’s volume is there still',
    volumes.some((volume) => volume.includes('db')),
    volumes.join(', '),
  )

  step('clean up', 'Take the site and the vendor’s data away')
}

function openVendor({ story, folder, signal }: DeliveryOptions, engine: string): Place {
  const checkout = join(bookshopFolder, '../..')
  const env = { ...process.env, SEALIFT_DATA: join(folder, 'vendor'), DOCKER_HOST: engine }
  return openPlace({
    name: 'vendor',
    program: './sealift',
    run: (argv, options) => run([join(checkout, 'sealift'), ...argv], { cwd: checkout, env, ...options }),
    story,
    signal,
  })
}

function openSite(site: Site, { story, signal }: DeliveryOptions): Place {
  return openPlace({ name: 'site', program: 'sealift', run: (argv, options) => site.run(['sealift', ...argv], options), story, signal })
}

async function fingerprintOf(vendor: Place): Promise<string> {
  await vendor.type('keys', 'list')
  const keys = await vendor.ask<readonly { readonly fingerprint: string; readonly use: string }[]>('keys', 'list')
  const signing = keys.find(({ use }) => use === 'signing')
  if (signing === undefined) throw new Error('the vendor has published, but has no key')
  return signing.fingerprint
}

async function proveClosed(site: Site, story: Story): Promise<void> {
  for (const { what, found } of await site.proveIsolation()) story.check(`no way out: ${what}`, true, found)
  story.check('its engine holds no image', (await site.engine.docker('images', '--quiet')).trim() === '')
  for (const program of ['node', 'npm']) {
    const { code } = await site.run(['sh', '-c', `command -v ${program}`])
    story.check(`it has no ${program}`, code !== 0)
  }
  story.check('it has no package lists', (await site.run(['sh', '-c', 'ls /var/lib/apt/lists/*Packages* 2>/dev/null'])).stdout === '')
  story.check('it has no checkout', (await site.run(['test', '-e', join(bookshopFolder, '../..')])).code !== 0)
}

async function answers(site: Site, url: string): Promise<boolean> {
  return site.request(url).then(
    ({ status }) => status === 200,
    () => false,
  )
}

async function checkHealthy(there: Place, story: Story, version: string): Promise<void> {
  const status = await there.ask<Installed>('status', 'bookshop')
  story.same('the installed version', status.version, version)
  const ill = status.components.filter(({ health }) => health !== 'healthy').map(({ name, health, message }) => `${name}: ${health} ${message}`)
  story.check(
    `all ${status.components.length} components are healthy, and a server watches over them`,
    ill.length === 0 && status.supervised,
    ill.join('; ') || undefined,
  )
}

async function checkShop(
  shop: BookshopCustomer,
  { story, passed }: DeliveryOptions,
  version: string,
  greeting: string,
  { isNew }: { readonly isNew: boolean } = { isNew: true },
): Promise<void> {
  const about = await shop.about()
  story.same('the shop itself says that it is', about.version, version)
  story.same('and greets its customers with', about.greeting, greeting)
  if (isNew) passed(about.version)
}

async function checkOrders(shop: BookshopCustomer, story: Story, orders: readonly Order[]): Promise<void> {
  for (const { id, book, customer, priceCents } of orders) {
    const found = await shop.order(id)
    story.check(
      'the order from before is in the database',
      found.book === book && found.customer === customer && found.priceCents === priceCents,
      `order ${id}`,
    )
  }
}

function checkPlan(items: readonly PlanItem[], story: Story): void {
  const find = (component: string, kind: string, name: string): PlanItem | undefined =>
    items.find((item) => item.component === component && item.kind === kind && item.name === name)
  const greeting = find('catalog', 'env', 'GREETING')
  story.check('the plan keeps the site’s greeting', greeting?.then === greeting?.now && (greeting?.then?.includes(GREETING) ?? false), greeting?.effect)
  story.same('and offers the vendor’s change of the database’s settings', find('db', 'file', DATABASE_SETTINGS)?.effect, 'offered')
  story.same('it adds a variable', find('catalog', 'env', 'FREE_SHIPPING_FROM')?.effect, 'added')
  story.check(
    'it adds a component',
    items.some(({ component, effect }) => component === 'recommendations' && effect === 'added'),
  )
  story.check(
    'it changes the images of catalog and orders',
    ['catalog', 'orders'].every((name) => find(name, 'image', 'image')?.effect === 'changed'),
  )
}

async function databaseSettings(site: Site): Promise<string> {
  const labels = ['dev.sealift.component=db', 'dev.sealift.role=main'].flatMap((label) => ['--filter', `label=${label}`])
  const container = (await site.engine.docker('ps', '--quiet', ...labels)).trim()
  return site.engine.docker('exec', container, 'cat', DATABASE_SETTINGS)
}

function sayHowToReach(site: Site, story: Story): void {
  story.say('')
  story.say('The site stays, with the shop in it. Nothing reaches it but from inside its network:')
  story.say(`  a shell in it       ${site.enterCommand}`)
  story.say(`  the shop            nsenter --net=/var/run/netns/${site.netns} curl ${SHOP}/`)
  story.say(`  its engine          docker --host ${site.engine.host} ps`)
  story.say(`  the stick           ${site.stick}, in the site ${stickInSite}`)
  story.say('  to end it           ./demo --end')
}
