import { EventEmitter, on } from 'node:events'
import { EVENT_REASONS, type Event, type EventReason } from '@sealift/api/event.ts'
import type { Clock } from '@sealift/deploy/pipeline/clock.ts'
import type { Selectable } from 'kysely'
import type { Database } from '../database/open-database.ts'
import type { EventRow } from '../database/tables.ts'

/** Events that are kept of each installation. */
const KEPT = 500
/** Within this time a repetition is counted rather than told anew, in milliseconds. */
const REPEATS_WITHIN = 60 * 60 * 1000

/** Something to note. */
export interface Happening {
  readonly installation: string
  readonly component?: string
  readonly reason: EventReason
  /** A sentence for people. Never a secret. */
  readonly message: string
}

/** Which events to read. */
export interface EventFilter {
  readonly installation?: string
  /** ISO 8601 */
  readonly since?: string
  readonly limit?: number
}

/** Keeps what happened to installations: durable, bounded, repetitions counted. */
export class EventLog {
  readonly #db: Database
  readonly #clock: Clock
  readonly #noted = new EventEmitter<{ event: [Event] }>().setMaxListeners(0)
  /** One after the other, so that two repetitions at once are one event. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  /** Notes what happened; where it can't be written (a full disk), nobody is stopped by that. */
  async note(happening: Happening): Promise<void> {
    const noting = this.#last.then(() => this.#write(happening))
    this.#last = noting.catch(() => {})
    try {
      this.#noted.emit('event', eventOf(await noting))
    } catch (thrown) {
      process.emitWarning(`an event of ${happening.installation} could not be kept: ${String(thrown)}`)
    }
  }

  /** The latest events that fit, oldest first. */
  async list({ installation, since, limit = 1000 }: EventFilter): Promise<Event[]> {
    let query = this.#db.selectFrom('event').selectAll().orderBy('sequence', 'desc').limit(limit)
    if (installation !== undefined) query = query.where('installation', '=', installation)
    if (since !== undefined) query = query.where('last_at', '>=', since)
    return (await query.execute()).map(eventOf).toReversed()
  }

  /** What {@link list} gives, and what is noted from now on. */
  async *follow(filter: EventFilter, gone: AbortSignal): AsyncGenerator<Event> {
    // Listening begins before the kept ones are read, so that none falls between.
    const live = on(this.#noted, 'event', { signal: gone }) as AsyncIterable<[Event]>
    const kept = await this.list(filter)
    yield* kept
    const seen = kept.at(-1)?.sequence ?? 0
    for await (const [event] of live) {
      if (event.sequence > seen && (filter.installation === undefined || event.installation === filter.installation)) yield event
    }
  }

  async #write({ installation, component, reason, message }: Happening): Promise<Selectable<EventRow>> {
    const now = this.#clock.now()
    const last_at = new Date(now).toISOString()
    return this.#db.transaction().execute(async (tx) => {
      const { newest } = await tx
        .selectFrom('event')
        .select(({ fn }) => fn.max('sequence').as('newest'))
        .executeTakeFirstOrThrow()
      const sequence = (newest ?? 0) + 1
      const same = await tx
        .selectFrom('event')
        .selectAll()
        .where('installation', '=', installation)
        .where('component', component === undefined ? 'is' : '=', component ?? null)
        .where('reason', '=', reason)
        .where('message', '=', message)
        .where('last_at', '>=', new Date(now - REPEATS_WITHIN).toISOString())
        .executeTakeFirst()
      if (same !== undefined) {
        const repeated = { sequence, last_at, count: same.count + 1 }
        await tx.updateTable('event').set(repeated).where('id', '=', same.id).execute()
        return { ...same, ...repeated }
      }
      const row = await tx
        .insertInto('event')
        .values({ sequence, installation, component: component ?? null, reason, message, count: 1, first_at: last_at, last_at })
        .returningAll()
        .executeTakeFirstOrThrow()
      const oldest = tx
        .selectFrom('event')
        .select('sequence')
        .where('installation', '=', installation)
        .orderBy('sequence', 'desc')
        .offset(KEPT - 1)
        .limit(1)
      await tx.deleteFrom('event').where('installation', '=', installation).where('sequence', '<', oldest).execute()
      return row
    })
  }
}

function eventOf({ sequence, installation, component, reason, message, count, first_at, last_at }: Selectable<EventRow>): Event {
  // One that another version noted may have a reason that is not known here.
  const level = Object.hasOwn(EVENT_REASONS, reason) ? EVENT_REASONS[reason as EventReason].level : 'normal'
  return { sequence, installation, component, reason, level, message, count, firstAt: first_at, lastAt: last_at }
}
