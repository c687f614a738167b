import { API_PREFIX, type Route } from '@sealift/api/route.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** A route that a request leads to. */
export interface FoundRoute<Value> {
  readonly value: Value
  /** Texts out of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
}

interface Entry<Value> {
  readonly segments: readonly string[]
  readonly value: Value
}

/** Finds routes by method and path. A fixed word in a path counts before a parameter. */
export class RouteTable<Value> {
  readonly #entries = new Map<string, Entry<Value>[]>()

  add({ method, path }: Pick<Route, 'method' | 'path'>, value: Value): void {
    const segments = (API_PREFIX + path).split('/')
    const key = `${method} ${segments.length}`
    const alike = [...(this.#entries.get(key) ?? []), { segments, value }]
    this.#entries.set(
      key,
      alike.toSorted((a, b) => (fixedness(a) < fixedness(b) ? -1 : 1)),
    )
  }

  /** @throws SealiftError `USAGE` for a path that is not encoded as it must be */
  find(method: string, path: string): FoundRoute<Value> | undefined {
    const parts = path.split('/')
    for (const { segments, value } of this.#entries.get(`${method} ${parts.length}`) ?? []) {
      if (!segments.every((segment, position) => (segment.startsWith(':') ? parts[position] !== '' : segment === parts[position]))) continue
      const params = segments.flatMap((segment, position) => (segment.startsWith(':') ? [[segment.slice(1), decode(parts[position] ?? '')] as const] : []))
      return { value, params: Object.fromEntries(params) }
    }
    return undefined
  }
}

const fixedness = ({ segments }: Entry<unknown>): string => segments.map((segment) => (segment.startsWith(':') ? '1' : '0')).join('')

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new SealiftError('USAGE', `the request: ${JSON.stringify(text)} in its path is not encoded as it must be`, { cause })
  }
}
