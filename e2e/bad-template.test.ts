import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ErrorCode } from '@sealift/oci/error-catalogue.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { KIOSK_IMAGE, kioskMissing, kioskVendor, writeKiosk } from './fixtures/kiosk.ts'
import { expectRefused, releasesOf } from './fixtures/refusal.ts'
import type { Sealift } from './fixtures/sealift.ts'

const missing = await kioskMissing()

describe.skipIf(missing !== undefined)(`a bad template${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let sealift: Sealift
  let number = 0

  beforeAll(async () => {
    sealift = await kioskVendor('bad-template')
  })

  /** A kiosk with something replaced in its template. */
  const withChange = (from: string | RegExp, to: string): string => {
    const change = (yaml: string): string => {
      const changed = yaml.replace(from, to)
      expect(changed).not.toBe(yaml)
      return changed
    }
    return writeKiosk(`bad-${number++}`, { change })
  }

  it.each<[string, string | RegExp, string, ErrorCode, (string | RegExp)[], string | RegExp]>([
    [
      'an unknown field',
      'dependsOn: [{component: till',
      'dependOn: [{component: till',
      'TEMPLATE_INVALID',
      [/:\d+:\d+: /, 'dependOn', 'dependsOn'],
      'docs/template.md',
    ],
    ['a component that is not there', '{component: till,', '{component: tills,', 'TEMPLATE_INVALID', [/:\d+:\d+: /, 'tills', 'till'], 'docs/template.md'],
    ['a value that is not there', '${self.host}', '${self.hots}', 'TEMPLATE_INVALID', [/:\d+:\d+: /, 'self.hots'], 'docs/template.md'],
    ['a parameter that is not there', '${parameters.port}', '${parameters.prot}', 'TEMPLATE_INVALID', ['parameters.prot', 'port'], 'docs/template.md'],
    [
      'a circle of waits',
      '    volumes:',
      '    dependsOn: [{component: sign, wait: healthy}]\n    volumes:',
      'TEMPLATE_INVALID',
      [/till.*sign|sign.*till/, 'counter'],
      'docs/template.md',
    ],
    ['text that is no YAML', 'components:', 'components: [', 'TEMPLATE_INVALID', [/kiosk\.yaml:\d+/], 'docs/template.md'],
    ['a tag of another language', 'title: Kiosk', 'title: !!js/function "function () {}"', 'TEMPLATE_INVALID', [/kiosk\.yaml:\d+/], 'docs/template.md'],
    ['another version of the format', 'sealift.dev/v1', 'sealift.dev/v9', 'TEMPLATE_INVALID', ['apiVersion', 'sealift.dev/v1'], 'docs/template.md'],
    [
      'a literal password',
      '{name: TILL_PASSWORD, generate: {length: 20}}',
      '{name: TILL_PASSWORD, value: hunter2}',
      'SECRET_LITERAL',
      ['TILL_PASSWORD'],
      '--allow-secret',
    ],
    [
      'a file outside its folder',
      '    volumes:',
      '    files: [{path: /etc/x, source: ../../../etc/passwd}]\n    volumes:',
      'TEMPLATE_INVALID',
      ['../../../etc/passwd'],
      /./,
    ],
    [
      'a file that is not there',
      '    volumes:',
      '    files: [{path: /etc/x, source: ./nothing.cnf}]\n    volumes:',
      'FILE_NOT_FOUND',
      ['nothing.cnf'],
      'Check the path',
    ],
  ])('with %s is refused, and what is wrong is named', async (_what, from, to, code, names, hint) => {
    const path = withChange(from, to)
    const { error } = await expectRefused(sealift, ['publish', path], { code, names, hint })
    expect(error.message).not.toContain('hunter2')
  })

  it('tells several faults at once', async () => {
    const path = writeKiosk('several', {
      change: (yaml) => yaml.replace('{component: till,', '{component: tills,').replace('${parameters.port}', '${parameters.prot}'),
    })
    const { error, stderr } = await sealift.failure('publish', path)
    expect((error.details as { problems: unknown[] }).problems).toHaveLength(2)
    for (const name of ['tills', 'parameters.prot']) expect(stderr).toContain(name)
  })

  it('with a link that leads out of its folder is refused', async () => {
    const path = withChange('    volumes:', '    files: [{path: /etc/x, source: ./files/passwd}]\n    volumes:')
    mkdirSync(join(dirname(path), 'files'))
    symlinkSync('/etc/passwd', join(dirname(path), 'files/passwd'))
    await expectRefused(sealift, ['publish', path], { code: 'FILE_DENIED', names: ['./files/passwd', 'outside'], hint: /./ })
  })

  it('with an image that is nowhere is refused, naming it and where it was looked for', async () => {
    const path = withChange(KIOSK_IMAGE, 'localhost:1/nowhere/image:7')
    await expectRefused(sealift, ['publish', path, '--images', 'engine'], {
      code: 'IMAGE_NOT_FOUND',
      names: ['localhost:1/nowhere/image:7', 'engine'],
      hint: /Build or pull/,
    })
    await expectRefused(sealift, ['publish', path], { code: 'REGISTRY_UNREACHABLE', names: ['localhost:1'], hint: /Check its address/ })
  })

  it('that is not there, or a folder, is refused', async () => {
    await expectRefused(sealift, ['publish', '/nowhere/kiosk.yaml'], { code: 'FILE_NOT_FOUND', names: ['/nowhere/kiosk.yaml'], hint: 'Check the path' })
    const folder = dirname(writeKiosk('folder'))
    const { error } = await sealift.failure('publish', folder)
    expect(error.code).not.toBe('INTERNAL')
    expect(error.message).toContain(folder)
  })

  it('that is empty, or far too large, is refused', async () => {
    const path = writeKiosk('odd')
    writeFileSync(path, '')
    await expectRefused(sealift, ['publish', path], { code: 'TEMPLATE_INVALID', names: [path], hint: 'docs/template.md' })
    writeFileSync(
      path,
      `a: &a [x]\n${Array.from({ length: 30 }, (_, level) => `b${level}: &b${level} [*${level === 0 ? 'a' : `b${level - 1}`}, *${level === 0 ? 'a' : `b${level - 1}`}]`).join('\n')}\n`,
    )
    await expectRefused(sealift, ['publish', path], { code: 'TEMPLATE_INVALID', names: [path], hint: 'docs/template.md' })
  })

  it('is published once it is right, and not again without a change', async () => {
    expect(await releasesOf(sealift)).toEqual([])
    const path = writeKiosk('right')
    expect(await sealift.json('publish', path)).toMatchObject({ unchanged: false, sequence: 1 })
    expect(await sealift.json('publish', path)).toMatchObject({ unchanged: true, sequence: 1 })
    writeKiosk('right', { text: 'new' })
    expect(await sealift.json('publish', path)).toMatchObject({ unchanged: false, sequence: 2, version: '1.0.0' })
    expect(await releasesOf(sealift)).toHaveLength(1)
  })
})
