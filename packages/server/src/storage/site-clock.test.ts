import { describe, expect, it } from 'vitest'
import { temporaryDataFolder } from '../data/data-folder-fixture.ts'
import { SiteClock, type TimeSource } from './site-clock.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** A machine whose time passes and whose clock is set by hand. */
class Machine implements TimeSource {
  #wall = Date.parse('2026-11-22T12:00:00Z')
  #uptime = 5 * HOUR
  #boot = 1

  wall(): number {
    return this.#wall
  }
  uptime(): number {
    return this.#uptime
  }
  boot(): string {
    return `boot ${this.#boot}`
  }
  pass(time: number): void {
    this.#wall += time
    this.#uptime += time
  }
  set(by: number): void {
    this.#wall += by
  }
  restart(off: number): void {
    this.#wall += off
    this.#uptime = 0
    this.#boot++
  }
}

describe('the clock of a site', () => {
  it('believes ages once it has watched for that long, whichever process looks', async () => {
    await using folder = await temporaryDataFolder()
    const machine = new Machine()
    const written = machine.wall()
    expect((await new SiteClock(folder.db, machine).ages())(written - YEAR, DAY)).toBe(false)
    machine.pass(23 * HOUR)
    expect((await new SiteClock(folder.db, machine).ages())(written, DAY)).toBe(false)
    machine.pass(HOUR)
    const isAgo = await new SiteClock(folder.db, machine).ages()
    expect(isAgo(written, DAY)).toBe(true)
    expect(isAgo(written + 1, DAY)).toBe(false)
    expect(isAgo(machine.wall() + YEAR, 0)).toBe(true)
  })

  it.each([
    { to: 'forwards', by: YEAR },
    { to: 'backwards', by: -YEAR },
    { to: 'forwards by little', by: 20 * 60_000 },
  ])('believes nothing for as long again after the clock was set $to', async ({ by }) => {
    await using folder = await temporaryDataFolder()
    const machine = new Machine()
    const clock = new SiteClock(folder.db, machine)
    await clock.look()
    machine.pass(3 * DAY)
    expect((await clock.ages())(machine.wall() - DAY, DAY)).toBe(true)
    const written = machine.wall()
    machine.set(by)
    machine.pass(HOUR)
    expect((await clock.ages())(written, DAY)).toBe(false)
    expect((await clock.ages())(written - 3 * YEAR, DAY)).toBe(false)
    machine.pass(DAY)
    expect((await clock.ages())(machine.wall() - DAY, DAY)).toBe(true)
  })

  it('finds a clock that is set in many small steps', async () => {
    await using folder = await temporaryDataFolder()
    const machine = new Machine()
    const clock = new SiteClock(folder.db, machine)
    await clock.look()
    for (let step = 0; step < 20; step++) {
      machine.pass(2 * HOUR)
      machine.set(60_000)
      await clock.look()
    }
    expect((await clock.look()).steadyFor).toBeLessThan(DAY)
  })

  it('goes on over restarts and nights, and doubts a clock that was set while the machine was off', async () => {
    await using folder = await temporaryDataFolder()
    const machine = new Machine()
    const clock = new SiteClock(folder.db, machine)
    await clock.look()
    for (let day = 0; day < 4; day++) {
      machine.pass(9 * HOUR)
      await clock.look()
      machine.restart(15 * HOUR)
      machine.pass(60_000)
      await clock.look()
    }
    expect((await clock.look()).passed).toBe(4 * (9 * HOUR + 60_000))
    expect((await clock.ages())(machine.wall() - DAY, DAY)).toBe(true)
    for (const off of [-HOUR, 40 * DAY]) {
      machine.restart(off)
      expect(await clock.look()).toMatchObject({ steadyFor: 0 })
    }
  })
})
