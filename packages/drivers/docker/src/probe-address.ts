import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import type { ProbeAction } from '@sealift/deploy/driver.ts'

/** How one attempt of a probe ended, in words for people. */
export interface ProbeResult {
  readonly healthy: boolean
  readonly message: string
}

export const unhealthy = (message: string): ProbeResult => ({ healthy: false, message })

export const noAnswer = (what: string, timeout: number): ProbeResult => unhealthy(`${what}: no answer within ${timeout} s`)

/**
 * One attempt to reach something that the site has itself, from this machine.
 * @param timeout seconds
 */
export async function probeAddress(address: string, action: ProbeAction, timeout: number): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeout * 1000)))
  // As an address in a URL is written, and as a socket does not take it.
  const host = address.replace(/^\[(.*)\]$/, '$1')
  switch (action.kind) {
    case 'exec':
      return unhealthy('no command can run there; an http or tcp probe works')
    case 'tcp':
      return probeTcp(host, action.port, signal, timeout)
    case 'http':
      return probeHttp(host, action, signal, timeout)
  }
}

/** Whether a port takes connections. */
export function probeTcp(host: string, port: number, signal: AbortSignal, timeout: number): Promise<ProbeResult> {
  const what = `port ${port}`
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (result: ProbeResult): void => {
      signal.removeEventListener('abort', expire)
      socket.destroy()
      resolve(result)
    }
    const expire = (): void => done(noAnswer(what, timeout))
    signal.addEventListener('abort', expire, { once: true })
    socket.on('connect', () => done({ healthy: true, message: `${what} takes connections` }))
    socket.on('error', (error) => done(unhealthy(`${what}: ${networkWords(error)}`)))
  })
}

/** Whether a request is answered well. */
export function probeHttp(host: string, action: ProbeAction & { kind: 'http' }, signal: AbortSignal, timeout: number): Promise<ProbeResult> {
  const { scheme, port, path, headers } = action
  const what = `GET ${scheme}://:${port}${path}`
  return new Promise((resolve) => {
    const options = { host, port, path, headers, signal, agent: false }
    // As with any orchestrator's probe: it asks whether the program answers, not who it is.
    const sent = scheme === 'https' ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options)
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0
      response.on('error', () => {})
      response.destroy()
      const healthy = status >= 200 && status < 400
      resolve({ healthy, message: `${what} answered ${status}` })
    })
    sent.on('error', (error) => resolve(signal.aborted ? noAnswer(what, timeout) : unhealthy(`${what}: ${networkWords(error)}`)))
    sent.end()
  })
}

function networkWords(error: Error): string {
  switch ('code' in error ? error.code : undefined) {
    case 'ECONNREFUSED':
      return 'nothing listens there'
    case 'ECONNRESET':
      return 'the connection was cut'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return "its network can't be reached from here"
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name leads to no address'
    default:
      return error.message
  }
}
