/** The testbed by hand, for whoever wants to look around in it. */
import { stopVendorEngine, vendorEngine } from './engine.ts'
import { bookshopReleases, buildImages } from './images.ts'
import { createSite, destroySite, openSite } from './site.ts'
import { siteNames } from './site-record.ts'

const usage = `usage: node testbed/src/main.ts COMMAND
  images [RELEASE...]      have an engine hold the Bookshop's images (releases: ${bookshopReleases.join(', ')})
  engine stop              end the testbed's own engine of the vendor's side; its images stay
  site create NAME [FILE]  make a site, with FILE as its sealift, that stays until it is destroyed
  site run NAME COMMAND... run a program of a site
  site list
  site destroy NAME
`

async function main([area, verb, ...rest]: readonly string[]): Promise<number> {
  const [name, ...words] = rest
  if (area === 'images') {
    const asked = [verb, ...rest].filter((word) => word !== undefined)
    const releases = asked.length === 0 ? bookshopReleases : bookshopReleases.filter((release) => asked.includes(release))
    const engine = await vendorEngine()
    for (const reference of await buildImages(engine, { releases })) console.log(reference)
    console.error(`export DOCKER_HOST=${engine.host}`)
    return 0
  }
  if (area === 'engine' && verb === 'stop') {
    await stopVendorEngine()
    return 0
  }
  if (area === 'site' && verb === 'list') {
    for (const each of siteNames()) console.log(each)
    return 0
  }
  if (area === 'site' && verb === 'create' && name !== undefined) {
    const site = await createSite({ name, keep: true, ...(words[0] === undefined ? {} : { sealiftFile: words[0] }) })
    for (const { what, found } of await site.proveIsolation()) console.error(`${what}: ${found}`)
    console.log(`stick: ${site.stick}\nengine: ${site.engine.host}\nenter: ${site.enterCommand}`)
    return 0
  }
  if (area === 'site' && verb === 'run' && name !== undefined) {
    const site = openSite(name)
    if (site === undefined) throw new Error(`there is no site ${name}`)
    return (await site.run(words, { show: true })).code
  }
  if (area === 'site' && verb === 'destroy' && name !== undefined) {
    await destroySite(name)
    return 0
  }
  process.stderr.write(usage)
  return 2
}

process.exitCode = await main(process.argv.slice(2))
