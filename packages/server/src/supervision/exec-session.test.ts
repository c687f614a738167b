import { duplexPair, PassThrough } from 'node:stream'
import { readFrames, writeFrame } from '@sealift/api/channel.ts'
import type { ExecStart } from '@sealift/api/exec.ts'
import type { Driver, ExecRequest } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { expect, it } from 'vitest'
import { execOnChannel } from './exec-session.ts'

const START: ExecStart = { component: 'web', replica: 1, command: ['cat', '-'], tty: true, stdin: true, size: { columns: 80, rows: 24 } }

/** A driver whose commands do so. */
function driver(exec: (request: ExecRequest) => Promise<number>): Driver {
  return { exec: async (request: ExecRequest) => ({ exitCode: await exec(request) }) } as Driver
}

/** A channel with a command at its other end. */
function open(exec: (request: ExecRequest) => Promise<number>) {
  const [client, server] = duplexPair()
  const ended = execOnChannel('shop', async () => driver(exec), server).then(
    () => server.end(),
    (thrown: unknown) => {
      server.end()
      throw thrown
    },
  )
  ended.catch(() => {})
  const answers = async (): Promise<string[]> => {
    const all: string[] = []
    for await (const { kind, data } of readFrames(client)) all.push(`${kind} ${data.toString()}`)
    return all
  }
  return { client, ended, answers }
}

it('carries input, sizes, both outputs and the exit code', async () => {
  const sizes: unknown[] = []
  const { client, answers } = open(async ({ stdin, stdout, stderr, sizes: given, command, replica }) => {
    const sized = (async () => {
      for await (const size of given ?? []) sizes.push(size)
    })()
    stderr.write(`${command.join(' ')} ${replica}`)
    for await (const data of stdin ?? new PassThrough()) stdout.write(data)
    void sized
    return 7
  })
  await writeFrame(client, 'start', JSON.stringify(START))
  await writeFrame(client, 'resize', JSON.stringify({ columns: 132, rows: 50 }))
  await writeFrame(client, 'stdin', 'one')
  await writeFrame(client, 'stdinEnd')
  expect(await answers()).toEqual(['stderr cat - 1', 'stdout one', 'exit {"exitCode":7}'])
  expect(sizes.at(-1)).toEqual({ columns: 132, rows: 50 })
})

it('ends the command when its client goes away', async () => {
  const aborted = Promise.withResolvers<void>()
  const { client, ended } = open(async ({ signal }) => {
    signal?.addEventListener('abort', () => aborted.resolve())
    await aborted.promise
    return 137
  })
  await writeFrame(client, 'start', JSON.stringify(START))
  client.end()
  await aborted.promise
  await ended
})

it('refuses what does not begin with a command', async () => {
  const none = async (): Promise<never> => {
    throw new SealiftError('INTERNAL', 'it ran')
  }
  const other = open(none)
  await writeFrame(other.client, 'stdin', 'x')
  await expect(other.ended).rejects.toMatchObject({ code: 'USAGE' })
  const odd = open(none)
  await writeFrame(odd.client, 'start', JSON.stringify({ ...START, command: [] }))
  await expect(odd.ended).rejects.toMatchObject({ code: 'USAGE' })
})
