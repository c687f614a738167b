import { describe, expect, it } from 'vitest'
import { parseTemplate } from '../parse-template.ts'
import type { Component } from '../schema/component.ts'
import type { ImageFacts } from './image-facts.ts'
import { ImportReport } from './import-note.ts'
import { importRunning, type RunningContainer } from './import-running.ts'
import type { ContainerFacts, ContainerFile, ContainerFiles } from './running/container-facts.ts'
import type { SecretChoice } from './secrets/decide-secrets.ts'
import { writeTemplate } from './write-template.ts'

const FACTS: ImageFacts = {
  env: ['PATH=/bin', 'LANG=C'],
  entrypoint: ['entrypoint'],
  command: ['serve'],
  user: 'app',
  workingDir: '/app',
  stopSignal: '',
  ports: [],
  volumes: [],
}

interface Parts {
  readonly image?: string
  readonly facts?: ImageFacts
  readonly state?: Partial<ContainerFacts['State']>
  readonly config?: Partial<ContainerFacts['Config']>
  readonly host?: ContainerFacts['HostConfig']
  readonly mounts?: ContainerFacts['Mounts']
  readonly networks?: NonNullable<ContainerFacts['NetworkSettings']>['Networks']
}

let count = 0

/** A container as the engine describes one that was made with nothing but an image. */
function container(name: string, { image = `shop/${name}:1`, facts = FACTS, state, config, host, mounts, networks }: Parts = {}): RunningContainer {
  const Id = (count += 1).toString(16).padStart(64, 'a')
  return {
    image,
    facts,
    container: {
      Id,
      Name: `/${name}`,
      Image: `sha256:${Id}`,
      State: { Status: 'running', Running: true, ExitCode: 0, ...state },
      Config: {
        Image: image,
        Hostname: Id.slice(0, 12),
        User: facts.user,
        WorkingDir: facts.workingDir,
        Env: facts.env,
        Entrypoint: facts.entrypoint,
        Cmd: facts.command,
        ...config,
      },
      HostConfig: { NetworkMode: 'default', RestartPolicy: { Name: 'always' }, ShmSize: 64 * 2 ** 20, ...host },
      Mounts: mounts ?? [],
      NetworkSettings: { Networks: networks ?? { bridge: {} } },
    },
  }
}

interface Options {
  readonly leaveOut?: readonly string[]
  readonly secrets?: Readonly<Record<string, SecretChoice>>
  readonly changes?: readonly string[]
  readonly contents?: Readonly<Record<string, readonly ContainerFile[]>>
}

async function imported(running: readonly RunningContainer[], { leaveOut = [], secrets = {}, changes = [], contents = {} }: Options = {}) {
  const report = new ImportReport(leaveOut)
  const files: ContainerFiles = {
    changes: async () => changes.map((path) => ({ path, kind: 'changed' })),
    read: async (_container, path) => contents[path],
  }
  const made = await importRunning(running, { name: 'shop', version: '1.0.0', secrets }, files, report)
  const text = writeTemplate(made.template, 'the engine', report.notes)
  const template = parseTemplate(text, 'made', { allowSecrets: made.allowSecrets })
  const component = (name: string): Component => {
    const found = template.components.find((each) => each.name === name)
    if (found === undefined) throw new TypeError(`no component ${name}`)
    return found
  }
  return { template, text, component, files: made.files, notes: report.notes }
}

const file = (path: string, content: string, more: Partial<ContainerFile> = {}): ContainerFile => ({
  path,
  content: Buffer.from(content),
  mode: 0o644,
  uid: 0,
  gid: 0,
  ...more,
})

describe('a container', () => {
  it('leaves to its image what it has from there', async () => {
    const { component } = await imported([container('web')])
    expect(component('web')).toEqual({ name: 'web', workload: 'stateless', image: 'shop/web:1' })
  })

  it('is carried with all in which it differs', async () => {
    const { component } = await imported([
      container('web', {
        config: {
          Env: [...FACTS.env, 'MODE=fast', 'LANG=de'],
          Cmd: ['serve', '--all'],
          User: '1000:50',
          WorkingDir: '/srv',
          Hostname: 'front',
          StopSignal: 'SIGQUIT',
          StopTimeout: 90,
        },
        host: {
          RestartPolicy: { Name: 'no' },
          Memory: 512 * 2 ** 20,
          NanoCpus: 1.5e9,
          CapAdd: ['CAP_NET_ADMIN'],
          Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 2048 }],
          ShmSize: 2 ** 28,
          Sysctls: { 'net.core.somaxconn': '1024' },
          ExtraHosts: ['relay:10.0.0.5', 'me:host-gateway'],
          PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }] },
        },
      }),
    ])
    expect(component('web')).toEqual({
      name: 'web',
      workload: 'stateless',
      image: 'shop/web:1',
      command: ['serve', '--all'],
      workingDir: '/srv',
      hostname: 'front',
      user: '1000',
      group: '50',
      ports: [
        { name: 'dns', port: 53, protocol: 'udp' },
        { name: 'http', port: 80, public: { kind: 'http', hostPort: '${parameters.web-http-port}' } },
      ],
      env: [
        { name: 'MODE', value: 'fast' },
        { name: 'LANG', value: 'de' },
      ],
      resources: { cpu: '1500m', memory: '512Mi' },
      capabilities: { add: ['NET_ADMIN'] },
      ulimits: { nofile: { soft: 1024, hard: 2048 } },
      shmSize: '256Mi',
      sysctls: { 'net.core.somaxconn': '1024' },
      extraHosts: { relay: '10.0.0.5' },
      stopSignal: 'SIGQUIT',
      stopGrace: '1m30s',
    })
  })

  it('keeps no command of the image where its entrypoint was replaced', async () => {
    const { component } = await imported([
      container('a', { config: { Entrypoint: ['sh'], Cmd: null } }),
      container('b', { config: { Entrypoint: ['sh'], Cmd: ['serve'] } }),
    ])
    expect(component('a')).toMatchObject({ entrypoint: ['sh'] })
    expect(component('a').command).toBeUndefined()
    expect(component('b').command).toEqual(['serve'])
  })

  it('is a job where it ended well and is not restarted, and stateful where it has a volume', async () => {
    const { component, notes } = await imported([
      container('job', { state: { Status: 'exited', Running: false }, host: { RestartPolicy: { Name: 'no' } } }),
      container('gone', { state: { Status: 'exited', Running: false, ExitCode: 3 } }),
      container('db', { mounts: [{ Type: 'volume', Name: 'data', Source: '/x', Destination: '/data', RW: true }] }),
    ])
    expect([component('job').workload, component('gone').workload, component('db').workload]).toEqual(['job', 'stateless', 'stateful'])
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'warning', component: 'gone', message: expect.stringContaining('exit code 3') }))
  })

  it('is one of several replicas where Compose made more than one', async () => {
    const replica = (name: string): RunningContainer =>
      container(name, { image: 'web:1', config: { Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' } } })
    const { template, component } = await imported([replica('shop_web_1'), replica('shop_web_2'), replica('shop_web_3')])
    expect(template.components).toHaveLength(1)
    expect(component('web').scaling).toEqual({ min: 1, max: 3, initial: 3 })
  })
})

describe('mounts', () => {
  it('are volumes, shared ones once, and files as the container sees them', async () => {
    const nameless = 'f'.repeat(64)
    const volume = { Type: 'volume', Name: 'shop_media', Source: '/x' }
    const { component, files, notes } = await imported(
      [
        container('web', {
          config: { Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' } },
          mounts: [
            { ...volume, Destination: '/srv/media', RW: true },
            { Type: 'volume', Name: nameless, Source: '/y', Destination: '/var/cache/web', RW: true },
            { Type: 'bind', Source: '/home/dev/shop/site.conf', Destination: '/etc/site.conf', RW: false },
            { Type: 'bind', Source: '/home/dev/shop/uploads', Destination: '/srv/uploads', RW: true },
            { Type: 'bind', Source: '/etc/localtime', Destination: '/etc/localtime', RW: false },
          ],
          host: { Tmpfs: { '/run': 'size=64m,mode=1777' } },
        }),
        container('feed', { mounts: [{ ...volume, Destination: '/media', RW: false }] }),
      ],
      { contents: { '/etc/site.conf': [file('', 'listen', { mode: 0o600, uid: 33 })] } },
    )
    expect(component('web').volumes).toEqual([
      { name: 'media', path: '/srv/media', access: 'shared' },
      { name: 'web', path: '/var/cache/web' },
      { name: 'uploads', path: '/srv/uploads' },
      { name: 'run', path: '/run', kind: 'memory', size: '64Mi' },
    ])
    expect(component('feed').volumes).toEqual([{ name: 'shop-media', path: '/media', readOnly: true, from: { component: 'web', volume: 'media' } }])
    expect(component('web').files).toEqual([{ path: '/etc/site.conf', source: './files/web/etc/site.conf', mode: '0600', uid: 33 }])
    expect(files.get('./files/web/etc/site.conf')?.toString()).toBe('listen')
    expect(notes.map(({ subject }) => subject)).toEqual(expect.arrayContaining(['container web: mount /srv/uploads', 'container web: mount /etc/localtime']))
  })

  it.each(['/var/run/docker.sock', '/proc', '/sys/fs/cgroup'])('of the host alone are refused: %s', async (Source) => {
    const agent = container('agent', { mounts: [{ Type: 'bind', Source, Destination: '/host', RW: false }] })
    await expect(imported([agent])).rejects.toMatchObject({ code: 'IMPORT_REFUSED', message: expect.stringContaining('--leave-out agent/mounts') })
    await expect(imported([agent], { leaveOut: ['agent/mounts'] })).resolves.toBeDefined()
  })

  it('name what changed in the container itself and would be lost', async () => {
    const { notes } = await imported([container('web')], {
      changes: ['/etc', '/etc/app.conf', '/tmp', '/tmp/x', '/run/web.pid', '/root', '/root/.cache', '/opt', '/opt/plugin', '/opt/plugin/a.so'],
    })
    expect(notes).toEqual([
      expect.objectContaining({ kind: 'left-out', component: 'web', message: expect.stringMatching(/^\/etc\/app\.conf, \/opt\/plugin\/a\.so: /) }),
    ])
  })
})

describe('what runs together', () => {
  const shop = (): RunningContainer[] => [
    container('shop_db_1', {
      config: { Env: ['POSTGRES_PASSWORD=pg-pass-1'] },
      mounts: [{ Type: 'volume', Name: 'pg', Source: '/x', Destination: '/var/lib/postgresql/data', RW: true }],
      networks: { shop: { Aliases: ['database'] } },
    }),
    container('shop_migrate_1', {
      state: { Status: 'exited', Running: false },
      host: { RestartPolicy: { Name: 'no' } },
      config: { Env: ['DATABASE_URL=postgres://app:pg-pass-1@database/app'] },
    }),
    container('shop_web_1', {
      config: { Env: ['DATABASE_URL=postgres://app:pg-pass-1@database/app', 'API=http://billing:8080'] },
      host: { Links: ['/shop_billing_1:/shop_web_1/billing'] },
    }),
    container('shop_billing_1', { config: { Env: ['STRIPE_API_KEY=sk_live_1234567890'] } }),
  ]

  it('depends on what it names and links to, and on jobs that work on the same', async () => {
    const { component, notes } = await imported(shop())
    expect(component('shop-web-1').dependsOn).toEqual([
      { component: 'shop-billing-1' },
      { component: 'shop-db-1', inject: false },
      { component: 'shop-migrate-1' },
    ])
    expect(component('shop-web-1').env).toContainEqual({ name: 'API', value: 'http://shop-billing-1:8080' })
    expect(notes).toContainEqual(expect.objectContaining({ component: 'shop-web-1', message: expect.stringContaining('waits until shop-migrate-1 has ended') }))
  })

  it('takes the order that Compose wrote down', async () => {
    const labels = (service: string, dependsOn: string): Readonly<Record<string, string>> => ({
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': service,
      'com.docker.compose.depends_on': dependsOn,
    })
    const { component } = await imported([
      container('shop-db-1', { config: { Labels: labels('db', '') } }),
      container('shop-init-1', {
        state: { Status: 'exited', Running: false },
        host: { RestartPolicy: { Name: 'no' } },
        config: { Labels: labels('init', 'db:service_healthy:false') },
      }),
      container('shop-web-1', { config: { Labels: labels('web', 'db:service_started:true,init:service_completed_successfully:false') } }),
    ])
    expect(component('init').dependsOn).toEqual([{ component: 'db', wait: 'healthy' }])
    expect(component('web').dependsOn).toEqual([{ component: 'db' }, { component: 'init', wait: 'completed' }])
  })

  it('shares generated secrets, and shows none', async () => {
    const { component, text, template, notes } = await imported(shop())
    expect(component('shop-db-1').connection).toEqual([{ name: 'POSTGRES_PASSWORD', generate: { length: 24 } }])
    expect(component('shop-web-1').env).toContainEqual({
      name: 'DATABASE_URL',
      value: 'postgres://app:${components.shop-db-1.POSTGRES_PASSWORD}@shop-db-1/app',
      secret: true,
    })
    expect(template.parameters).toEqual([expect.objectContaining({ name: 'STRIPE_API_KEY', type: 'secret', required: true })])
    for (const secret of ['pg-pass-1', 'sk_live']) {
      expect(text).not.toContain(secret)
      expect(JSON.stringify(notes)).not.toContain(secret)
    }
  })

  it('injects a value where the other one calls it the same', async () => {
    const { component } = await imported([
      container('db', { config: { Env: ['DB_PASSWORD=pg-pass-1'] }, mounts: [{ Type: 'volume', Name: 'pg', Source: '/x', Destination: '/data', RW: true }] }),
      container('web', { config: { Env: ['DB_PASSWORD=pg-pass-1', 'DB_HOST=db'] } }),
    ])
    expect(component('web')).toMatchObject({ dependsOn: [{ component: 'db' }], env: [{ name: 'DB_HOST', value: 'db' }] })
  })
})

describe('what shares something with its host', () => {
  it.each([
    ['network_mode', { NetworkMode: 'host' }],
    ['network_mode', { NetworkMode: 'container:abc' }],
    ['pid', { PidMode: 'host' }],
    ['ipc', { IpcMode: 'host' }],
    ['devices', { Devices: [{ PathOnHost: '/dev/ttyUSB0' }] }],
  ] as const)('is refused: %s %j', async (setting, host) => {
    const web = container('web', { host })
    await expect(imported([web])).rejects.toMatchObject({ code: 'IMPORT_REFUSED', message: expect.stringContaining(`container web: ${setting}`) })
    const { notes } = await imported([web], { leaveOut: [`web/${setting}`] })
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'left-out', component: 'web' }))
  })

  it.each([
    { SecurityOpt: ['seccomp=unconfined'] },
    { Dns: ['1.1.1.1'] },
    { ReadonlyRootfs: true },
    { Init: true },
    { GroupAdd: ['audio'] },
    { CpusetCpus: '0' },
    { Runtime: 'runsc' },
  ])('is named: %j', async (host) => {
    const { notes } = await imported([container('web', { host })])
    expect(notes).toEqual([expect.objectContaining({ kind: 'left-out', component: 'web' })])
  })
})
