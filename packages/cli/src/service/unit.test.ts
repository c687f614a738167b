import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type UnitOptions, unitText } from './unit.ts'

const OPTIONS: UnitOptions = { program: ['/usr/bin/true'], data: '/var/lib/sealift', environment: {}, user: false }

it('runs the server with its data folder, its address and its engine', () => {
  const text = unitText({
    ...OPTIONS,
    program: ['/usr/bin/node', '/opt/sea lift/main.ts'],
    listen: '0.0.0.0:7070',
    environment: { DOCKER_HOST: 'unix:///run/my docker.sock' },
  })
  expect(text).toContain('ExecStart=/usr/bin/node "/opt/sea lift/main.ts" up --data /var/lib/sealift --listen 0.0.0.0:7070\n')
  expect(text).toContain('Environment="DOCKER_HOST=unix:///run/my docker.sock"\n')
  expect(text).toMatch(/Type=notify[^]*Restart=on-failure[^]*NoNewPrivileges=yes[^]*WantedBy=multi-user\.target/)
})

it('is of a user without what only the machine may ask for', () => {
  const text = unitText({ ...OPTIONS, user: true })
  expect(text).toContain('WantedBy=default.target')
  expect(text).not.toMatch(/Capability|Protect|docker\.service/)
})

it('lets no value be read as anything else', () => {
  const text = unitText({ ...OPTIONS, data: '/srv/100%/$HOME "x"\\y\nUser=root' })
  expect(text).toContain('--data "/srv/100%%/$$HOME \\"x\\"\\\\y\\nUser=root"')
  expect(text).not.toMatch(/^User=root/m)
})

it('is what systemd takes', (context) => {
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) {
    context.skip('systemd-analyze is not there')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'sealift-unit-'))
  try {
    for (const user of [false, true]) {
      const path = join(folder, `sealift-${user ? 'user' : 'system'}.service`)
      writeFileSync(path, unitText({ ...OPTIONS, data: '/srv/a b%c', environment: { A: 'b c' }, user }))
      const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', ...(user ? ['--user'] : []), path], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: folder },
      })
      expect([stderr.split('\n').filter((line) => line.includes('sealift-')), status]).toEqual([[], 0])
    }
    expect(execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' })).toContain('systemd')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
