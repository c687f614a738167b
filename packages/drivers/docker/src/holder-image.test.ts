import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { expect, test } from 'vitest'
import { createHolderImage } from './holder-image.ts'
import { pauseProgram } from './pause-program.ts'

test.each(['amd64', 'arm64'])('the image for %s is the same bytes each time, and small', async (architecture) => {
  const [first, second] = [await createHolderImage(architecture), await createHolderImage(architecture)]
  expect(first.archive.equals(second.archive)).toBe(true)
  expect(first.name).toBe(`sealift.local/holder:1-${architecture}`)
  expect(first.archive.length).toBeLessThan(16 * 1024)
})

test('another architecture is refused', async () => {
  await expect(createHolderImage('riscv64')).rejects.toMatchObject({ code: 'ENGINE_UNSUPPORTED', message: expect.stringContaining('riscv64') })
})

test('the program waits without using the processor, and stops when told', async (ctx) => {
  const { architecture } = hostPlatform()
  if (process.platform !== 'linux' || !['amd64', 'arm64'].includes(architecture)) ctx.skip(`no program for ${process.platform} ${architecture}`)
  const folder = mkdtempSync(join(tmpdir(), 'sealift-pause-'))
  try {
    const path = join(folder, 'pause')
    writeFileSync(path, pauseProgram(architecture), { mode: 0o755 })
    const child = spawn(path, [], { stdio: 'ignore' })
    await once(child, 'spawn')
    await sleep(200)
    expect(child.exitCode).toBeNull()
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    // State, and ticks spent in the program and in the kernel for it.
    expect([stat[0], stat[11], stat[12]]).toEqual(['S', '0', '0'])
    child.kill('SIGKILL')
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
