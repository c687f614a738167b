/** How a registry wants to be authorised: the `WWW-Authenticate` header, parsed. */
export interface AuthChallenge {
  readonly scheme: 'basic' | 'bearer'
  readonly realm: string
  readonly service?: string
  readonly scope?: string
}

const PARAMETER = /([a-zA-Z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g

/** Reads a `WWW-Authenticate` header (RFC 9110); undefined where it is absent or of another scheme. */
export function parseAuthChallenge(header: string | undefined): AuthChallenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*(basic|bearer)\s+(.*)$/is.exec(header ?? '') ?? []
  if (scheme === '') return undefined
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, bare] of rest.matchAll(PARAMETER)) {
    parameters.set(name.toLowerCase(), quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/g, '$1'))
  }
  const service = parameters.get('service')
  const scope = parameters.get('scope')
  return {
    scheme: scheme.toLowerCase() === 'basic' ? 'basic' : 'bearer',
    realm: parameters.get('realm') ?? '',
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  }
}
