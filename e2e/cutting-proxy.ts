import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Stands between the driver and the engine and cuts the line at one request, as a kill of the driver's process would. */
export interface CuttingProxy extends AsyncDisposable {
  readonly address: string
  /** Whether the request to cut at has come. */
  readonly hasCut: () => boolean
}

/**
 * @param at the number of the changing request (everything but GET and HEAD) from which on nothing passes
 * @param lostAnswer whether that request still reaches the engine and only its answer is lost
 */
export async function cuttingProxy(engineSocket: string, at: number, lostAnswer: boolean): Promise<CuttingProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'sealift-proxy-'))
  const path = join(folder, 'engine.sock')
  let changes = 0
  let cut = false
  const server = createServer((client) => {
    // The driver makes a connection for each request, so the first bytes of each are a request line.
    client.once('data', (first) => {
      const method = first.toString('latin1').split(' ', 1)[0] ?? ''
      const changing = method !== 'GET' && method !== 'HEAD'
      const isTheOne = changing && changes++ === at
      if (cut || (isTheOne && !lostAnswer)) {
        cut = true
        client.destroy()
        return
      }
      const engine = connect(engineSocket)
      engine.on('error', () => client.destroy())
      client.on('error', () => engine.destroy())
      client.on('close', () => engine.end())
      engine.write(first)
      client.pipe(engine)
      if (isTheOne) {
        cut = true
        engine.once('data', () => client.destroy())
        engine.resume()
      } else engine.pipe(client)
    })
    client.on('error', () => {})
  })
  await new Promise<void>((resolve) => {
    server.listen(path, resolve)
  })
  return {
    address: `unix://${path}`,
    hasCut: () => cut,
    [Symbol.asyncDispose]: async () => {
      server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
