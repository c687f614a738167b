import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { thirdPartyNotices } from './third-party-notices.ts'

describe('thirdPartyNotices', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sealift-notices-'))
    add('node', { name: 'node', version: '24.0.0' }, 'Node.js is licensed for use as follows')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  function add(name: string, manifest: object, licence?: string): void {
    const folder = join(root, 'node_modules', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    if (licence !== undefined) writeFileSync(join(folder, 'LICENSE'), licence)
  }
  const notices = (...files: string[]): string => thirdPartyNotices(root, files, join(root, 'node_modules/node'))

  it('carries the text of every bundled package once, and the runtime’s', () => {
    add('tar', { name: 'tar', version: '1.2.3', license: 'MIT' }, 'Copyright (c) Tar Maker')
    add('@scope/part', { name: '@scope/part', version: '2.0.0', license: 'ISC' }, 'Copyright (c) Part Maker')
    const text = notices('packages/cli/src/main.ts', 'node_modules/tar/a.js', 'node_modules/tar/b.js', 'node_modules/@scope/part/index.js')
    for (const expected of ['tar 1.2.3 (MIT)', '@scope/part 2.0.0 (ISC)', 'Copyright (c) Tar Maker', 'Copyright (c) Part Maker', 'Node.js is licensed']) {
      expect(text.split(expected)).toHaveLength(2)
    }
  })

  it('finds packages inside packages', () => {
    add('outer/node_modules/inner', { name: 'inner', version: '1.0.0', license: 'MIT' }, 'Copyright (c) Inner')
    expect(notices('node_modules/outer/node_modules/inner/index.js')).toContain('inner 1.0.0 (MIT)')
  })

  it('names the author where a package comes without a text', () => {
    add('bare', { name: 'bare', version: '1.0.0', license: 'MIT', author: 'Ann Author' })
    expect(notices('node_modules/bare/index.js')).toContain('Copyright Ann Author')
  })

  it('refuses a licence that nobody has agreed to, and none', () => {
    add('copyleft', { name: 'copyleft', version: '1.0.0', license: 'GPL-3.0' }, 'text')
    add('nothing', { name: 'nothing', version: '1.0.0' })
    expect(() => notices('node_modules/copyleft/index.js')).toThrow('copyleft 1.0.0 has the licence GPL-3.0')
    expect(() => notices('node_modules/nothing/index.js')).toThrow('nothing 1.0.0 has the licence none')
  })

  it('refuses to go without the runtime’s licence', () => {
    rmSync(join(root, 'node_modules/node/LICENSE'))
    expect(() => notices()).toThrow('LICENSE is missing')
  })
})
