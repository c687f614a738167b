import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'

/** What a registry is logged in to with. Secret: never log it. */
export interface RegistryCredentials {
  readonly username: string
  readonly password: string
}

const object = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})

/** The keys under which `docker login` files a registry. */
function configKeys(registry: string): readonly string[] {
  if (registry === 'docker.io') return ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io']
  return [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v2/`, `https://${registry}/v1/`]
}

function fromEntry(entry: Record<string, unknown>): RegistryCredentials | undefined {
  if (typeof entry.username === 'string' && typeof entry.password === 'string') return { username: entry.username, password: entry.password }
  if (typeof entry.auth !== 'string') return undefined
  const text = Buffer.from(entry.auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon <= 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The file that `docker login` writes. */
function dockerConfigFile(): string {
  return join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json')
}

/**
 * The credentials that `docker login` left for a registry, or undefined where there are none. Those
 * kept in a credential helper are not read.
 * @throws SealiftError `REGISTRY_DENIED` where the file is no JSON, or its error where it can't be read
 */
export async function dockerCredentials(registry: string, file: string = dockerConfigFile()): Promise<RegistryCredentials | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (thrown) {
    const error = toSealiftError(thrown, `read ${file}`)
    if (error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The parser's own words would quote the file, secrets and all.
    throw new SealiftError('REGISTRY_DENIED', `registry ${registry}: ${file} is no JSON`, { hint: 'Repair the file, or log in anew with docker login.' })
  }
  const auths = object(object(json).auths)
  for (const key of configKeys(registry)) {
    const found = fromEntry(object(auths[key]))
    if (found !== undefined) return found
  }
  return undefined
}
