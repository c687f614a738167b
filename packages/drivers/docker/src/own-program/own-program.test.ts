import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostPlatform } from '@sealift/oci/platform.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownProgram } from './own-program.ts'

let folder: string

beforeEach((ctx) => {
  const { architecture } = hostPlatform()
  if (process.platform !== 'linux' || !['amd64', 'arm64'].includes(architecture)) ctx.skip(`no program for ${process.platform} ${architecture}`)
  if (process.getuid?.() !== 0) ctx.skip('only root gives files away')
  folder = mkdtempSync(join(tmpdir(), 'sealift-own-'))
  writeFileSync(join(folder, 'own'), ownProgram(architecture), { mode: 0o755 })
  mkdirSync(join(folder, 'data/deep/er'), { recursive: true })
})

afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

const own = (...words: readonly string[]) => spawnSync(join(folder, 'own'), words, { encoding: 'utf8' })
const seen = (path: string): string => {
  const { gid, mode } = lstatSync(join(folder, path))
  return `${gid} ${(mode & 0o7777).toString(8)}`
}

test('gives all that is below a folder to the group, which may then write it', () => {
  writeFileSync(join(folder, 'data/deep/secret'), '', { mode: 0o600 })
  writeFileSync(join(folder, 'data/tool'), '', { mode: 0o755 })
  expect(own('4242', join(folder, 'data'))).toMatchObject({ status: 0, stderr: '' })
  expect(['data', 'data/deep', 'data/deep/er', 'data/deep/secret', 'data/tool'].map(seen)).toEqual([
    '4242 2775',
    '4242 2775',
    '4242 2775',
    '4242 660',
    '4242 775',
  ])
})

test('does not follow links out of the folder', () => {
  writeFileSync(join(folder, 'outside'), '', { mode: 0o600 })
  symlinkSync('../outside', join(folder, 'data/link'))
  symlinkSync('../', join(folder, 'data/deep/up'))
  expect(own('4242', join(folder, 'data')).status).toBe(0)
  expect(seen('outside')).toBe('0 600')
  expect(lstatSync(join(folder, 'data/link')).gid).toBe(4242)
  expect(statSync(folder).gid).toBe(0)
})

test('folders of many files are read to the end', () => {
  const names = Array.from({ length: 500 }, (_, number) => `data/a-file-with-a-rather-long-name-${number}`)
  for (const name of names) writeFileSync(join(folder, name), '')
  expect(own('4242', join(folder, 'data')).status).toBe(0)
  expect(names.filter((name) => lstatSync(join(folder, name)).gid !== 4242)).toEqual([])
})

test('what has the group already is left alone, so that a start does not read all of it again', () => {
  expect(own('4242', join(folder, 'data')).status).toBe(0)
  writeFileSync(join(folder, 'data/private'), '', { mode: 0o600 })
  expect(own('4242', join(folder, 'data')).status).toBe(0)
  expect(seen('data/private')).toBe('4242 600')
})

test('says what it could not do', () => {
  expect(own('4242', join(folder, 'nothing'))).toMatchObject({ status: 1, stderr: expect.stringMatching(/can't look at .*nothing: error 2/) })
  expect(own('4242').status).toBe(1)
})

test('another architecture is refused', () => expect(() => ownProgram('riscv64')).toThrow('riscv64'))
