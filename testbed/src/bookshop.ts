import { setTimeout as sleep } from 'node:timers/promises'
import type { InsideAnswer, InsideRequest } from './request.ts'

/** What the shop says of itself. */
export interface About {
  readonly version: string
  readonly greeting: string
  readonly currency: string
  /** From 3.0 on. */
  readonly freeShippingFrom?: number
}

export interface Book {
  readonly id: number
  readonly title: string
  readonly priceCents: number
}

/** An order as it is recorded in the shop's database. */
export interface Order {
  readonly id: string
  readonly book: number
  readonly customer: string
  readonly priceCents: number
  /** From 3.0 on. */
  readonly quantity?: number
}

/** How requests reach a shop: from inside its site, or from here. */
export type Requester = (url: string, request?: InsideRequest) => Promise<InsideAnswer>

/** A customer of a Bookshop that runs. Every method throws when the shop answers otherwise than a shop in order would. */
export interface BookshopCustomer {
  about(): Promise<About>
  /** What the site chose: the shop's name, its domain. */
  shopJson(): Promise<Readonly<Record<string, unknown>>>
  books(): Promise<readonly Book[]>
  /** Orders a book and waits until the worker has recorded the order in the database; a minute at most. */
  buy(book: number, customer: string): Promise<Order>
  /** An order that was recorded before. */
  order(id: string): Promise<Order>
  /** From 3.0 on. */
  recommendations(book: number): Promise<readonly Book[]>
}

/** A customer of the shop at an address like `http://127.0.0.1:8080`. */
export function bookshopCustomer(address: string, request: Requester): BookshopCustomer {
  const ask = async (path: string, body?: object): Promise<InsideAnswer> =>
    request(`${address}${path}`, body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  const must = async <T>(path: string, status = 200, body?: object): Promise<T> => {
    const answer = await ask(path, body)
    if (answer.status !== status) throw new Error(`the shop answered ${answer.status} instead of ${status} to ${path}: ${answer.body.slice(0, 300)}`)
    return JSON.parse(answer.body) as T
  }
  return {
    about: () => must('/api/about'),
    shopJson: () => must('/shop.json'),
    books: () => must('/api/books'),
    async buy(book, customer) {
      const { id } = await must<{ id: string }>('/api/orders', 202, { book, customer })
      const end = Date.now() + 60_000
      for (;;) {
        const answer = await ask(`/api/orders/${id}`)
        if (answer.status === 200) return JSON.parse(answer.body) as Order
        if (answer.status !== 404 || Date.now() > end) throw new Error(`the order ${id} was taken, but is not recorded: ${answer.status} ${answer.body}`)
        await sleep(200)
      }
    },
    order: (id) => must(`/api/orders/${id}`),
    recommendations: (book) => must(`/api/books/${book}/recommendations`),
  }
}
