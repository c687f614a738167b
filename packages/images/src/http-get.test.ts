import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { httpGet, readBody } from './http-get.ts'
import { type FixtureRegistry, startFixtureRegistry } from './registry-fixture.ts'

describe('httpGet', () => {
  let registry: FixtureRegistry
  beforeEach(async () => {
    registry = await startFixtureRegistry()
  })
  afterEach(() => registry[Symbol.asyncDispose]())

  it('reports a connection that is reset in the middle of an answer by its body alone', async () => {
    registry.intercept = (_, response) => {
      response.writeHead(200, { 'content-length': 1_000_000 })
      response.write(Buffer.alloc(100_000), () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
      return true
    }
    const unhandled: unknown[] = []
    const note = (thrown: unknown): void => void unhandled.push(thrown)
    process.on('uncaughtException', note)
    try {
      const response = await httpGet(new URL(`http://${registry.host}/v2/`), { insecure: true })
      await expect(readBody(response, 2_000_000)).rejects.toThrow('aborted')
      await delay(20)
    } finally {
      process.off('uncaughtException', note)
    }
    expect(unhandled).toEqual([])
  })
})
