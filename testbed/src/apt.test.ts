import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { debianSources } from './apt.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'apt-'))
  mkdirSync(join(folder, 'sources.list.d'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

test('reads stanzas', () => {
  write(
    'sources.list.d/debian.sources',
    'Types: deb deb-src\n# a remark\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates trixie\nComponents: main contrib\n\n' +
      'Enabled: no\nTypes: deb\nURIs: http://off.test/debian\nSuites: bookworm\nComponents: main\n',
  )
  expect(debianSources('bookworm', folder)).toEqual(['deb http://mirror.test/debian bookworm main', 'deb http://mirror.test/debian bookworm-updates main'])
})

test('reads lines, and leaves out other vendors’ repositories and files that apt does not read', () => {
  write('sources.list', '# deb http://old.test bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main non-free # ours\n')
  write('sources.list.d/tools.list', 'deb http://tools.test/apt tools-bookworm main\ndeb http://engine.test/linux bookworm stable\n')
  write('sources.list.d/gone.list.disabled', 'deb http://gone.test/debian bookworm main\n')
  expect(debianSources('bookworm', folder)).toEqual(['deb http://mirror.test/debian bookworm main'])
})

test('says so when there is no source', () => {
  expect(() => debianSources('bookworm', folder)).toThrow("no source for Debian's bookworm")
})
