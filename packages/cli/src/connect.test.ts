import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { keyRoutes } from '@sealift/api/routes/keys.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { describe, expect, it } from 'vitest'
import { connect } from './connect.ts'

async function folder(): Promise<{ data: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'sealift-cli-'))
  return { data: join(path, 'data'), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

describe('a connection', () => {
  it('hosts the server where none runs, and is a client of it where one does', async () => {
    await using at = await folder()
    const connections = await Promise.all([connect(at), connect(at), connect(at)])
    const [first] = connections
    await first.client.call(keyRoutes.generateKey, { body: { name: 'mine' } })
    for (const { client } of connections) expect(await client.call(keyRoutes.listKeys, {})).toMatchObject([{ name: 'mine' }])
    for (const connection of connections) await connection[Symbol.asyncDispose]()
    await using later = await connect(at)
    expect(await later.client.call(keyRoutes.listKeys, {})).toMatchObject([{ name: 'mine' }])
  })

  it('goes on where the command that hosted the server has ended', async () => {
    await using at = await folder()
    const first = await connect(at)
    await using second = await connect(at)
    await using third = await connect(at)
    await first[Symbol.asyncDispose]()
    await second.client.call(keyRoutes.generateKey, { body: { name: 'mine' } })
    expect(await third.client.call(keyRoutes.listKeys, {})).toMatchObject([{ name: 'mine' }])
    await expect(third.client.stream(jobRoutes.followJob, { params: { id: 1 } }).next()).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  })

  it('says what it waits for before it leaves, and waits', async () => {
    await using at = await folder()
    const first = await connect(at)
    await using second = await connect(at)
    const { id } = await second.client.call(releaseRoutes.verifyBundle, { body: { path: '/none/such.sealift' } })
    await first.leave(() => {})
    await first[Symbol.asyncDispose]()
    expect(await second.client.call(jobRoutes.getJob, { params: { id } })).toMatchObject({ state: 'failed', error: { code: 'FILE_NOT_FOUND' } })
  })

  it('goes nowhere else where a server was named', async () => {
    await using at = await folder()
    await using dead = await connect({ ...at, server: `unix://${at.data}.sock` })
    await expect(dead.client.call(jobRoutes.listJobs, { query: {} })).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining(`${at.data}.sock`),
    })
    await expect(connect({ ...at, server: 'ftp://x' })).rejects.toMatchObject({ code: 'USAGE' })
  })
})
