import { writeFileSync } from 'node:fs'
import { createProgram } from '@sealift/cli/program.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kioskMissing, kiosks } from './fixtures/kiosk.ts'
import type { Ended, Sealift } from './fixtures/sealift.ts'
import { openSite, type Site } from './fixtures/site.ts'

const missing = await kioskMissing()

type Command = ReturnType<typeof createProgram>

/** Every command with the words that call it; those that only hold others too. */
function commandsOf(command: Command, words: readonly string[] = []): { readonly words: readonly string[]; readonly command: Command }[] {
  return [{ words, command }, ...command.commands.flatMap((child) => commandsOf(child, [...words, child.name()]))]
}

const commands = commandsOf(createProgram())

describe.skipIf(missing !== undefined)(`the command line${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift

  beforeAll(async () => {
    site = await openSite()
    await site.clear()
    sealift = site.sealift('cli')
  })
  afterAll(() => site.clear())

  it('explains every command, within 80 columns', async () => {
    for (const { words, command } of commands) {
      expect(command.description(), words.join(' ')).toMatch(/^[A-Z].*[.]/s)
      for (const option of command.options) expect(option.description, `${words.join(' ')} ${option.flags}`).not.toBe('')
    }
    // What is printed is the same for all; some stand for the rest.
    for (const words of [[], ['publish'], ['import'], ['install'], ['upgrade'], ['jobs'], ['keys', 'trust'], ['bundle', 'unpack']]) {
      const { code, stdout, stderr } = await sealift.run(...words, '--help')
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain(`Usage: sealift ${words.join(' ')}`.trimEnd())
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    }
  })

  it('keeps the help of every command within 80 columns', () => {
    for (const { words, command } of commands) {
      let help = ''
      command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 80 }).outputHelp()
      expect(
        help.split('\n').filter((line) => line.length > 80),
        words.join(' '),
      ).toEqual([])
    }
  })

  it('answers wrong usage with 2, what was wrong, and where help is', async () => {
    const wrong: [string[], RegExp][] = [
      [['instal', 'kiosk'], /instal.*\n?.*install/],
      [['install'], /app@version/],
      [['install', 'kiosk', '--prot', '1'], /--prot/],
      [['install', '@1.0.0'], /expected APP or APP@VERSION/],
      [['install', 'kiosk', '--set', 'port'], /NAME=VALUE/],
      [['export', 'kiosk'], /--out/],
      [['import'], /file/],
      [['rollback', 'kiosk', '--to', 'yesterday'], /revision/],
      [['jobs', 'show', 'x'], /number/],
      [['jobs', 'list', '--limit', '0'], /number/],
      [['configure', 'kiosk', '--env-var', 'A=1'], /component/],
      [['publish', 'x.yaml', '--images', 'nowhere'], /images/],
      [['logs', 'kiosk', '--since', 'yesterday'], /--since/],
    ]
    for (const [argv, message] of wrong) {
      const { code, error } = await sealift.failure(...argv)
      expect([argv.join(' '), code, error.code]).toEqual([argv.join(' '), 2, 'USAGE'])
      expect(error.message).toMatch(message)
      expect(error.hint).not.toBe('')
    }
  })

  it('prints one JSON document on standard output for every command, and nothing else', async () => {
    const { bundles, fingerprint } = await kiosks()
    const out = `${sealift.data}.out`
    const ran = new Set<string>()
    const document = async (...argv: string[]): Promise<unknown> => {
      ran.add(
        commands
          .filter(({ words }) => words.length > 0 && words.every((word, index) => argv[index] === word))
          .at(-1)
          ?.words.join(' ') ?? '',
      )
      return sealift.json(...argv)
    }
    expect(await document('releases')).toEqual([])
    await document('inspect', bundles['1.0.0'])
    await document('verify', bundles['1.0.0'])
    await document('bundle', 'unpack', bundles['1.0.0'], '--oci', `${out}.oci`)
    await document('keys', 'trust', fingerprint, '--name', 'the vendor')
    await document('keys', 'list')
    await document('import', bundles['1.0.0'])
    expect(await document('import', bundles['1.1.0'], bundles['1.2.0'])).toHaveLength(2)
    await document('export', 'kiosk@1.0.0', '--out', `${out}.sealift`)
    await document('keys', 'generate', '--name', 'ours')
    await document('install', 'kiosk@1.0.0', '--set', 'port=8088', '--dry-run')
    await document('install', 'kiosk@1.0.0', '--set', 'port=8088')
    await document('status')
    await document('status', 'kiosk')
    await document('configure', 'kiosk', 'counter', '--env-var', 'TEXT=ours')
    await document('plan', 'kiosk', '--to', '1.1.0')
    await document('upgrade', 'kiosk', '--to', '1.1.0')
    await document('history', 'kiosk')
    await document('diff', 'kiosk', '1', '2')
    await document('rollback', 'kiosk', '--dry-run')
    await document('rollback', 'kiosk')
    await document('logs', 'kiosk', 'sign', '--tail', '0').catch(() => {})
    await document('stop', 'kiosk', 'sign')
    await document('start', 'kiosk')
    await document('restart', 'kiosk', 'sign')
    await document('scale', 'kiosk', 'counter', '2', '--dry-run').catch(() => {})
    await document('exec', 'kiosk', 'till', 'busybox', 'true')
    await document('secret', 'list', 'kiosk')
    await document('secret', 'show', 'kiosk', 'till/TILL_PASSWORD', '--reveal')
    await document('secret', 'rotate', 'kiosk', '--dry-run')
    await document('events', 'kiosk')
    await document('completion', 'bash')
    await document('service', 'install', '--print')
    await document('service', 'status', '--name', 'sealift-e2e')
    await document('service', 'remove', '--name', 'sealift-e2e')
    await document('report', 'kiosk').catch(() => {})
    await document('snapshot', 'create', 'kiosk')
    const [snapshot] = (await document('snapshot', 'list', 'kiosk')) as { readonly number: number }[]
    if (snapshot !== undefined) await document('snapshot', 'remove', 'kiosk', String(snapshot.number))
    await document('jobs', 'list')
    await document('jobs', 'show', '1', '--follow')
    await document('jobs', 'cancel', '1')
    await document('target', 'list')
    await document('target', 'add', 'second', '--address', site.engine.host)
    await document('env', 'add', 'test', '--target', 'second')
    await document('env', 'list')
    await document('env', 'remove', 'test')
    await document('target', 'remove', 'second')
    await document('uninstall', 'kiosk')
    await document('keys', 'rotate')
    await document('keys', 'renew').catch(() => {})
    await document('keys', 'roots')
    await document('keys', 'revoke', fingerprint)
    await document('releases', 'show', 'kiosk@1.0.0')
    await document('releases', 'diff', 'kiosk@1.0.0', 'kiosk@1.1.0')
    await document('releases', 'remove', 'kiosk@1.2.0')
    await document('registry', 'status')
    await document('registry', 'access', '--anonymous', 'pull')
    await document('registry', 'retention').catch(() => {})
    await document('registry', 'remove', 'nothing/there').catch(() => {})
    await document('registry', 'tls', 'on')
    await document('ca', 'export')
    await document('registry', 'tls', 'off')
    await document('token', 'create', 'ci', '--push', 'team/*')
    await document('token', 'list')
    await document('token', 'revoke', 'ci')
    await document('gc')
    await document('store', 'check')
    const passphrase = `${out}.passphrase`
    writeFileSync(passphrase, 'correct horse battery staple\n')
    await document('backup', '--out', `${out}.backup`, '--passphrase-file', passphrase)
    await document('restore', `${out}.backup`, '--data', `${out}.restored`, '--passphrase-file', passphrase)
    const leaves = commands.filter(({ words, command }) => command.commands.length === 0 && words.at(-1) !== 'candidates').map(({ words }) => words.join(' '))
    // These are tried elsewhere: with a vendor, with a job that was cut off, and as a server.
    expect(leaves.filter((words) => !ran.has(words)).toSorted()).toEqual(['jobs resume', 'publish', 'up'])
  })

  it('keeps what it prints for people within 80 columns', async () => {
    const { bundles, fingerprint } = await kiosks()
    const place = site.sealift('columns')
    const printed: Ended[] = []
    for (const argv of [
      ['releases'],
      ['import', bundles['1.0.0'], bundles['1.1.0'], '--trust', fingerprint],
      ['releases'],
      // Under a name of its own: the engine holds data of the kiosk above, which another data folder installed.
      ['install', 'kiosk@1.0.0', '--name', 'columns', '--set', 'port=8089'],
      ['status'],
      ['status', 'columns'],
      ['history', 'columns'],
      ['jobs', 'list'],
      ['plan', 'columns', '--to', '1.1.0'],
      ['uninstall', 'columns', '--delete-data'],
    ]) {
      printed.push(await place.run(...argv))
    }
    for (const { code } of printed) expect(code).toBe(0)
    const long = printed.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line.length > 80 && !line.includes(bundles['1.0.0'].slice(0, 20)))
    expect(long).toEqual([])
  })
})
