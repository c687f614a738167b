import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

const HOST_NAME = /^(?:\*\.)?(?=.{1,253}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/

/** The most names of one certificate. */
const MAX_NAMES = 100

/**
 * Checks the names that a server is to be certified for.
 * @throws SealiftError `TLS_INVALID`
 */
export function checkServerNames(names: readonly string[]): readonly string[] {
  if (names.length > MAX_NAMES) throw new SealiftError('TLS_INVALID', `${names.length} names are more than a certificate takes: at most ${MAX_NAMES}`)
  for (const name of names) {
    if (isIP(name) === 0 && !HOST_NAME.test(name)) throw new SealiftError('TLS_INVALID', `${JSON.stringify(name)} is no host name and no IP address`)
  }
  return names
}

/** The names that a server is certified for: those that were given, and all that this machine is known by and can find out itself. */
export function serverNames(given: readonly string[], listenHost: string): readonly string[] {
  const own = hostname()
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address))
  // Those of one link alone are written with its name, which no client asks for.
  const found = [own, listenHost, 'localhost', ...addresses].filter((name) => !name.startsWith('fe80:') && (isIP(name) > 0 || HOST_NAME.test(name)))
  const usable = found.filter((name) => name !== '0.0.0.0' && name !== '::')
  return [...new Set([...given, ...usable])].slice(0, MAX_NAMES)
}

/** One way of writing a name, so that two can be compared: in lower case, addresses as short as they go. */
export function normalName(name: string): string {
  if (isIP(name) !== 6) return name.toLowerCase()
  return URL.parse(`http://[${name}]`)?.hostname.slice(1, -1) ?? name
}

/** The names and addresses in a certificate's alternative names, as `X509Certificate.subjectAltName` writes them. */
export function namesOf(subjectAltName: string | undefined): readonly string[] {
  return (subjectAltName ?? '').split(', ').flatMap((entry) => {
    const name = /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1]
    return name === undefined ? [] : [normalName(name)]
  })
}
