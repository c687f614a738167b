import type { Client } from '@sealift/api/client.ts'
import type { Route } from '@sealift/api/route.ts'
import { isSealiftError } from '@sealift/oci/sealift-error.ts'

/**
 * A client that finds another server where the one that it knows has ended: the command that hosted
 * it is through. Only a call that no server can have begun is made again.
 * @param find the server that is there now
 */
export function createResilientClient(first: Client, find: () => Promise<Client>): Client {
  let current = first
  const again = async (thrown: unknown, route: Route): Promise<void> => {
    if (!wasNotBegun(thrown, route)) throw thrown
    current = await find()
  }
  return {
    async call(route, input) {
      try {
        return await current.call(route, input)
      } catch (thrown) {
        await again(thrown, route)
        return current.call(route, input)
      }
    },
    async open(route, input) {
      try {
        return await current.open(route, input)
      } catch (thrown) {
        await again(thrown, route)
        return current.open(route, input)
      }
    },
    async *stream(route, input) {
      let begun = false
      try {
        for await (const line of current.stream(route, input)) {
          begun = true
          yield line
        }
      } catch (thrown) {
        // What was shown is not shown again.
        if (begun) throw thrown
        await again(thrown, route)
        yield* current.stream(route, input)
      }
    },
  }
}

function wasNotBegun(thrown: unknown, { method }: Route): boolean {
  if (isSealiftError(thrown, 'SERVER_STOPPING')) return true
  if (!isSealiftError(thrown, 'SERVER_UNREACHABLE')) return false
  const errno = (thrown.cause as NodeJS.ErrnoException | undefined)?.code
  return errno === 'ECONNREFUSED' || errno === 'ENOENT' || (method === 'GET' && errno === 'ECONNRESET')
}
