import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Where an engine listens. */
export type EngineAddress =
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly text: string }

const DEFAULT_ADDRESS = 'unix:///var/run/docker.sock'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/

/**
 * Reads an address in the syntax of `DOCKER_HOST`: `unix:///run/docker.sock`, `tcp://host:2375`, or a bare socket path.
 * @throws SealiftError `ENGINE_ADDRESS_INVALID`
 */
export function parseEngineAddress(text: string): EngineAddress {
  const invalid = (why: string): SealiftError => new SealiftError('ENGINE_ADDRESS_INVALID', `engine address ${JSON.stringify(text)}: ${why}`)
  if (text.startsWith('/')) return { kind: 'unix', path: text, text: `unix://${text}` }
  const scheme = /^([a-z]+):\/\/(.*)$/.exec(text)
  const rest = scheme?.[2] ?? ''
  switch (scheme?.[1] ?? '') {
    case 'unix':
      if (!rest.startsWith('/')) throw invalid('expected an absolute path after unix://')
      return { kind: 'unix', path: rest, text }
    case 'tcp':
    case 'http': {
      const parts = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/?$/.exec(rest)
      const port = Number(parts?.[2])
      if (parts?.[1] === undefined || port < 1 || port > 65535) throw invalid('expected tcp://HOST:PORT')
      return { kind: 'tcp', host: parts[1].replace(/^\[|\]$/g, ''), port, text }
    }
    case 'ssh':
    case 'https':
      throw invalid('only unix:// and tcp:// are spoken; forward the socket, for example with ssh -L')
    default:
      throw invalid('expected unix:///PATH or tcp://HOST:PORT')
  }
}

/** The address that `DOCKER_HOST` names, else Docker's usual socket. */
export function defaultEngineAddress(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = environment.DOCKER_HOST
  return named === undefined || named === '' ? DEFAULT_ADDRESS : named
}

/** Whether the engine runs on this machine, so that its networks, files and ports can be looked at from here. */
export function isLocalAddress(address: EngineAddress): boolean {
  return address.kind === 'unix' || LOOPBACK.test(address.host)
}
