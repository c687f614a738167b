import { RegistryError } from '../registry-error.ts'

/** The most items of one answer. */
const MAX_PAGE = 1000

/**
 * One page of a list in lexical order, by the query parameters `n` (how many) and `last` (the item
 * before the page), with the `Link` header that leads to the next one.
 * @param also other parameters that the next page must be asked for with
 * @throws RegistryError `PAGINATION_NUMBER_INVALID`
 */
export function pageOf(
  all: readonly string[],
  query: URLSearchParams,
  path: string,
  also: Readonly<Record<string, string>> = {},
): { items: readonly string[]; headers: Record<string, string> } {
  const n = query.get('n')
  if (n !== null && !/^\d{1,9}$/.test(n)) throw new RegistryError('PAGINATION_NUMBER_INVALID', 'n is no number of items', { detail: { n } })
  const length = Math.min(n === null ? MAX_PAGE : Number(n), MAX_PAGE)
  const last = query.get('last')
  const rest = all.toSorted((a, b) => (a < b ? -1 : 1)).filter((item) => last === null || item > last)
  const items = rest.slice(0, length)
  const final = items.at(-1)
  if (final === undefined || rest.length === items.length) return { items, headers: {} }
  const next = new URLSearchParams({ ...also, n: String(length), last: final })
  return { items, headers: { link: `<${path}?${next.toString()}>; rel="next"` } }
}
