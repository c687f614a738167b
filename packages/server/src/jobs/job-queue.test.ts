import type { Job, JobEvent } from '@sealift/api/job.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { describe, expect, it } from 'vitest'
import type { DataFolder } from '../data/data-folder.ts'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { JobQueue } from './job-queue.ts'
import { type JobContext, JobSuspended, type JobWork } from './job-work.ts'

const RESULT = { folder: '/oci', images: ['a'] }

/** Work that waits to be let go, and tells when it runs. */
function heldWork(more: Partial<JobWork<'unpack'>> & { readonly first?: (context: JobContext) => void } = {}) {
  const started = Promise.withResolvers<JobContext>()
  const release = Promise.withResolvers<void>()
  const work: JobWork<'unpack'> = {
    kind: 'unpack',
    title: 'hold',
    request: { path: '/x' },
    exclusive: ['thing'],
    async run(context) {
      more.first?.(context)
      started.resolve(context)
      await Promise.race([release.promise, aborted(context.signal)])
      return RESULT
    },
    ...more,
  }
  return { work, started: started.promise, release: release.resolve, fail: release.reject }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))
}

const quick = (more: Partial<JobWork<'unpack'>> = {}): JobWork<'unpack'> => ({
  kind: 'unpack',
  title: 'quick',
  request: {},
  exclusive: [],
  run: async () => RESULT,
  ...more,
})

async function collect(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  const all: JobEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

async function ended(queue: JobQueue, { id }: Job): Promise<Job> {
  for await (const _ of await queue.follow(id));
  return queue.get(id)
}

const messages = (events: readonly JobEvent[]): string[] => events.flatMap((event) => (event.type === 'log' ? [event.message] : []))
const states = (events: readonly JobEvent[]): string[] => events.flatMap((event) => (event.type === 'job' ? [event.job.state] : []))

describe('the job queue', () => {
  it('records what was asked, how it came out, and when', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const job = await queue.start(quick({ request: { path: '/bundle' } }))
    expect(job).toMatchObject({ id: 1, kind: 'unpack', state: 'running' })
    expect(await ended(queue, job)).toMatchObject({ state: 'done', result: RESULT, endedAt: expect.any(String) })
    expect(await queue.requestOf(job.id)).toEqual({ kind: 'unpack', request: { path: '/bundle' } })
    expect(await new JobQueue(folder.db).get(job.id)).toMatchObject({ state: 'done', result: RESULT })
  })

  it('records the error of what failed, with code, hint and details', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const error = new SealiftError('DISK_FULL', 'no space', { hint: 'Make some.', details: { needed: 5 } })
    const coded = await ended(queue, await queue.start(quick({ run: () => Promise.reject(error) })))
    expect(coded).toMatchObject({ state: 'failed', error: { code: 'DISK_FULL', message: 'no space', hint: 'Make some.', details: { needed: 5 } } })
    const foreign = await ended(
      queue,
      await queue.start(
        quick({
          run() {
            throw new TypeError('at once')
          },
        }),
      ),
    )
    expect(foreign).toMatchObject({ state: 'failed', error: { code: 'INTERNAL', message: 'quick: at once' } })
  })

  it('says that there is no such job before anything is followed', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    await expect(queue.follow(7)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
    await expect(queue.get(7)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
    await expect(queue.cancel(7)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  })

  it('tells a follower every line once, in order, whenever it begins', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const { work, started, release } = heldWork({ first: (context) => context.log('same') })
    const job = await queue.start(work)
    const early = collect(await queue.follow(job.id))
    const context = await started
    for (let i = 0; i < 5; i += 1) context.log('same')
    const middle = collect(await queue.follow(job.id))
    for (let i = 0; i < 5; i += 1) context.log('same', 'warning')
    const late = collect(await queue.follow(job.id))
    context.log('last')
    release()
    const after = collect(await queue.follow(job.id))
    await queue.idle()
    for (const followed of [early, middle, late, after, collect(await queue.follow(job.id))]) {
      const events = await followed
      expect(messages(events)).toEqual([...Array.from({ length: 11 }, () => 'same'), 'last'])
      expect(states(events).at(-1)).toBe('done')
      expect(states(events).filter((state) => state === 'done')).toHaveLength(1)
    }
  })

  it('ends a follower that came while the job ended, with the lines that came meanwhile', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    for (let round = 0; round < 20; round += 1) {
      const { work, started, release } = heldWork()
      const job = await queue.start(work)
      const context = await started
      const followed = collect(await queue.follow(job.id))
      context.log(`round ${round}`)
      release()
      const events = await followed
      expect(messages(events)).toEqual([`round ${round}`])
      expect(states(events).at(-1)).toBe('done')
    }
  })

  it('passes progress on: each new stage, and the end of one', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const { work, started, release } = heldWork()
    const job = await queue.start(work)
    const followed = collect(await queue.follow(job.id))
    const context = await started
    context.progress('Reading', 0, 1000, 'bytes')
    for (let done = 1; done <= 1000; done += 1) context.progress('Reading', done, 1000, 'bytes')
    context.progress('Writing')
    expect(await queue.get(job.id)).toMatchObject({ stage: 'Writing', done: 0, total: 0 })
    release()
    const shown = (await followed).flatMap((event) => (event.type === 'job' ? [`${event.job.stage} ${event.job.done}`] : []))
    expect(shown).toContain('Reading 1000')
    expect(shown).toContain('Writing 0')
    expect(shown.length).toBeLessThan(20)
  })

  it('lets a follower leave, and go with its connection', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const { work, release } = heldWork()
    const job = await queue.start(work)
    for await (const _ of await queue.follow(job.id)) break
    const gone = new AbortController()
    const followed = collect(await queue.follow(job.id, gone.signal))
    gone.abort()
    await expect(followed).rejects.toThrow('aborted')
    release()
    expect(await ended(queue, job)).toMatchObject({ state: 'done' })
  })

  it('cancels: the work is told, and the job ends as cancelled whatever the work throws then', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const run = async ({ signal }: JobContext): Promise<never> => {
      await aborted(signal).catch(() => {})
      throw new Error('socket hang up')
    }
    const job = await queue.start(quick({ run }))
    await queue.cancel(job.id)
    expect(await ended(queue, job)).toMatchObject({ state: 'cancelled', error: { code: 'JOB_CANCELLED', message: `job ${job.id} was cancelled` } })
    expect(await queue.cancel(job.id)).toMatchObject({ state: 'cancelled' })
  })

  it('counts a change that was called off and went back as cancelled', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const run = () => Promise.reject(new SealiftError('CHANGE_CANCELLED', 'shop: the change was cancelled'))
    expect(await ended(queue, await queue.start(quick({ resumable: true, run })))).toMatchObject({ state: 'cancelled', error: { code: 'CHANGE_CANCELLED' } })
  })

  it('refuses a second job on the same thing, names the first, and takes one when that has ended', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const held = heldWork()
    const job = await queue.start(held.work)
    await expect(queue.start(quick({ exclusive: ['other', 'thing'] }))).rejects.toMatchObject({
      code: 'JOB_CONFLICT',
      message: expect.stringContaining(`job ${job.id} (hold) is at work on thing`),
      hint: expect.stringContaining(`jobs show ${job.id}`),
    })
    await queue.start(quick({ exclusive: ['other'] }))
    held.release()
    await queue.idle()
    await queue.start(quick({ exclusive: ['thing'] }))
    await queue.idle()
  })

  it('starts one of two that want the same thing at the same moment', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const [one, other] = [heldWork(), heldWork()]
    const results = await Promise.allSettled([queue.start(one.work), queue.start(other.work)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(results[1]).toMatchObject({ reason: { code: 'JOB_CONFLICT' } })
    one.release()
    await queue.idle()
  })

  it('frees what a job that could not be recorded had claimed', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const loop: { self?: unknown } = {}
    loop.self = loop
    await expect(queue.start(quick({ request: loop, exclusive: ['thing'] }))).rejects.toThrow('circular')
    await queue.start(quick({ exclusive: ['thing'] }))
    await queue.idle()
  })

  it('finds what a killed program left running, and runs it again under its number', async () => {
    await using folder = await temporaryDataFolder()
    const killed = new JobQueue(folder.db)
    const { work, started, release } = heldWork({ first: (context) => context.log('before') })
    const { id } = await killed.start(work)
    await started
    const queue = new JobQueue(folder.db)
    expect(await queue.recover()).toEqual([id])
    expect(await queue.recover()).toEqual([])
    expect(await queue.get(id)).toMatchObject({ state: 'interrupted' })
    const again = heldWork({ first: (context) => context.log('after') })
    await queue.restart(id, again.work)
    await expect(queue.restart(id, quick({}))).rejects.toMatchObject({ code: 'JOB_NOT_INTERRUPTED' })
    const followed = collect(await queue.follow(id))
    again.release()
    expect(messages(await followed)).toEqual(['before', 'after'])
    expect(await queue.get(id)).toMatchObject({ state: 'done' })
    release()
    await killed.idle()
  })

  it('puts resumable work down when it closes, cancels the rest, and waits for both', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const change = await queue.start(
      quick({
        resumable: true,
        run: async ({ suspend, signal }) => {
          await aborted(suspend).catch(() => {})
          expect(signal.aborted).toBe(false)
          throw new JobSuspended()
        },
      }),
    )
    const other = await queue.start(heldWork().work)
    await queue.close()
    expect(await queue.get(change.id)).toMatchObject({ state: 'interrupted' })
    expect(await queue.get(other.id)).toMatchObject({ state: 'cancelled', error: { message: expect.stringContaining('stopped with the program') } })
    await expect(queue.start(quick())).rejects.toMatchObject({ code: 'SERVER_STOPPING' })
  })

  it('keeps the reason why work was put down, until it is resumed', async () => {
    await using folder = await temporaryDataFolder()
    const queue = new JobQueue(folder.db)
    const reason = new SealiftError('DISK_FULL', 'no space')
    const job = await ended(queue, await queue.start(quick({ resumable: true, run: () => Promise.reject(new JobSuspended(reason)) })))
    expect(job).toMatchObject({ state: 'interrupted', error: { code: 'DISK_FULL' } })
    await queue.restart(job.id, quick())
    const resumed = await ended(queue, job)
    expect(resumed).toMatchObject({ state: 'done' })
    expect(resumed).not.toHaveProperty('error')
  })

  it('ends a job whose outcome can not be recorded, and nothing is left unhandled', async () => {
    await using folder = await temporaryDataFolder()
    const broken = brokenAfterStart(folder)
    const { work, started, release } = heldWork()
    const job = await broken.queue.start(work)
    const context = await started
    const followed = collect(await broken.queue.follow(job.id))
    broken.break()
    context.log('not recorded')
    release()
    const events = await followed
    expect(messages(events)).toEqual(['not recorded'])
    expect(events.at(-1)).toMatchObject({ type: 'job', job: { state: 'failed', error: { message: expect.stringContaining('no such table') } } })
  })

  it('ends work that was put down where that can not be recorded', async () => {
    await using folder = await temporaryDataFolder()
    const broken = brokenAfterStart(folder)
    const { work, started, fail } = heldWork()
    const job = await broken.queue.start(work)
    await started
    const followed = collect(await broken.queue.follow(job.id))
    broken.break()
    fail(new JobSuspended())
    expect(states(await followed).at(-1)).toBe('interrupted')
  })
})

/** A queue whose tables can be taken away under it. */
function brokenAfterStart({ db }: DataFolder) {
  const rename = (from: string, to: string) => void db.schema.alterTable(from).renameTo(to).execute()
  return {
    queue: new JobQueue(db),
    break() {
      rename('job', 'job_away')
      rename('job_log', 'job_log_away')
    },
  }
}
