import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, 'main.ts')

let folder = ''
let data = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-cli-'))
  data = join(folder, 'data')
})

afterEach(() => rm(folder, { recursive: true }))

function start(...words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, '--data', data, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function outcome(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  const [out, err, [code]] = await Promise.all([text(child.stdout as NodeJS.ReadableStream), text(child.stderr as NodeJS.ReadableStream), once(child, 'exit')])
  return { code: code as number | null, out, err }
}

const run = (...words: readonly string[]) => outcome(start(...words))

/** A registry that takes requests and answers none; tells of the first. */
async function silentRegistry() {
  const asked = Promise.withResolvers<void>()
  const server = createServer(() => asked.resolve()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const template = join(folder, 'shop.yaml')
  await writeFile(
    template,
    `apiVersion: sealift.dev/v1
kind: Application
name: shop
release: {version: 1.0.0}
components: [{name: web, workload: stateless, image: "${host}/web:1"}]
`,
  )
  return {
    asked: asked.promise,
    publish: ['publish', template, '--images', 'registry', '--insecure-registry', host],
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('the command line', () => {
  it('ends with the code of what happened, and tells it as JSON where asked', async () => {
    expect(await run('releases', '--json')).toEqual({ code: 0, out: '[]\n', err: '' })
    const missing = await run('jobs', 'show', '7', '--json')
    expect(missing.code).toBe(4)
    expect(JSON.parse(missing.out)).toEqual({ error: { code: 'JOB_NOT_FOUND', message: 'there is no job 7', hint: 'See sealift jobs list.' } })
    expect((await run('nonsense')).code).toBe(2)
    expect(await run('publish', 'a.yaml', '--images', 'moon')).toMatchObject({ code: 2, err: expect.stringContaining('auto, engine, registry') })
  })

  it('says that the server that was named is not there', async () => {
    expect(await run('--server', `unix://${folder}/none.sock`, 'releases')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/none\.sock does not answer.*SERVER_UNREACHABLE/),
    })
  })

  it('says that the data folder can not be used', async () => {
    await writeFile(data, 'a file')
    expect(await run('releases')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('FILE_WRONG_KIND') })
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('cancels the job on %s, and ends with %d', async (signal, code) => {
    using registry = await silentRegistry()
    const child = start(...registry.publish)
    const ending = outcome(child)
    await registry.asked
    child.kill(signal)
    expect(await ending).toMatchObject({ code, err: expect.stringMatching(/stopping[^]*JOB_CANCELLED/) })
    expect(JSON.parse((await run('jobs', 'list', '--json')).out)).toMatchObject([{ state: 'cancelled' }])
  })

  it('finds a job interrupted that was killed, and is free again', async () => {
    using registry = await silentRegistry()
    const child = start(...registry.publish)
    const ending = outcome(child)
    await registry.asked
    child.kill('SIGKILL')
    await ending
    expect(JSON.parse((await run('jobs', 'list', '--json')).out)).toMatchObject([{ state: 'interrupted' }])
  })

  it('says that the server went away while its job was at work', async () => {
    using registry = await silentRegistry()
    const server = start('up', '--listen', '127.0.0.1:0')
    const serverEnding = outcome(server)
    await once(server.stderr as NodeJS.ReadableStream, 'data')
    const child = start(...registry.publish)
    const ending = outcome(child)
    await registry.asked
    server.kill('SIGKILL')
    await serverEnding
    expect(await ending).toMatchObject({ code: 1, err: expect.stringContaining('JOB_INTERRUPTED') })
  })

  it('goes on where nobody reads what it says', async () => {
    const child = start('jobs', 'show', '7')
    child.stderr?.destroy()
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(4)
    const quiet = start('releases')
    quiet.stdout?.destroy()
    const ending = text(quiet.stderr as NodeJS.ReadableStream)
    expect((await once(quiet, 'exit'))[0]).toBe(0)
    expect(await ending).toBe('')
  })

  it('lets two commands start at once on a folder that does not exist yet', async () => {
    const results = await Promise.all([run('keys', 'generate', '--name', 'a'), run('keys', 'generate', '--name', 'b'), run('status')])
    expect(results.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ])
    expect(JSON.parse((await run('keys', 'list', '--json')).out)).toHaveLength(2)
  })
})
