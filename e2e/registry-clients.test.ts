import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tarOf } from '@sealift/driver-docker/tar.ts'
import { type Digest, digestOf, hexOf } from '@sealift/oci/digest.ts'
import { MediaType } from '@sealift/oci/media-types.ts'
import { must, run } from '@sealift/testbed/command.ts'
import { insideNetns } from '@sealift/testbed/netns.ts'
import { afterAll, beforeAll, describe, expect, inject, it, type TestContext } from 'vitest'
import { goTool, REGCTL } from './fixtures/go-tool.ts'
import type { Running, Sealift } from './fixtures/sealift.ts'
import { openSite, type Site, siteMissing } from './fixtures/site.ts'

const missing = await siteMissing()

/** An address that clients don't take for their own machine, so that they insist on TLS. */
const HOST = '192.0.2.77'
const PORT = 5077
const REGISTRY = `${HOST}:${PORT}`
/** Where clients look for the authorities of registries. */
const CERTS = [`/etc/docker/certs.d/${REGISTRY}`, `/etc/containers/certs.d/${REGISTRY}`]

describe.skipIf(missing !== undefined)(`what clients push${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let site: Site
  let sealift: Sealift
  let server: Running
  let folder: string
  let secret: string

  let env: NodeJS.ProcessEnv

  const inSite = (...argv: string[]): Promise<string> => must([...insideNetns(site.netns), ...argv], { env })
  const docker = (...argv: string[]): Promise<string> => inSite('docker', '--host', site.engine.host, ...argv)
  const login = (token: string, ...argv: string[]): Promise<string> =>
    must([...insideNetns(site.netns), ...argv, '--username', 'ci', '--password-stdin', REGISTRY], { env, input: token })
  const need = async (ctx: TestContext, program: string): Promise<void> => {
    if ((await run(['sh', '-c', 'command -v "$0"', program])).code !== 0) ctx.skip(`${program} is missing: apt-get install ${program}`)
  }

  beforeAll(async () => {
    site = await openSite()
    await site.run('ip', 'address', 'replace', `${HOST}/32`, 'dev', 'lo')
    folder = mkdtempSync(join(inject('runFolder'), 'registry-clients-'))
    env = { ...process.env, DOCKER_CONFIG: join(folder, 'docker') }
    mkdirSync(join(folder, 'docker'))
    sealift = site.sealift('registry-clients')
    await sealift.text('registry', 'tls', 'on')
    secret = (await sealift.json<{ secret: string }>('token', 'create', 'ci', '--push', 'team/*', '--delete')).secret
    for (const certs of CERTS) {
      mkdirSync(certs, { recursive: true })
      await sealift.text('ca', 'export', '--out', join(certs, 'ca.crt'))
    }
    server = sealift.start('up', '--listen', `0.0.0.0:${PORT}`, '--json')
    await server.seen('"registry"')
    const layer = await tarOf([{ name: 'hello', content: Buffer.from('hello from a registry\n'), mode: 0o644 }])
    writeFileSync(join(folder, 'layer.tar'), layer)
    await docker('import', '--change', 'CMD ["/hello"]', join(folder, 'layer.tar'), `${REGISTRY}/team/app:1`)
  })
  afterAll(async () => {
    await docker('image', 'rm', '--force', `${REGISTRY}/team/app:1`).catch(() => '')
    await server?.kill('SIGTERM')
    for (const certs of CERTS) rmSync(certs, { recursive: true, force: true })
    await site?.run('ip', 'address', 'delete', `${HOST}/32`, 'dev', 'lo')
  })

  it('docker: logs in, pushes, pulls, over TLS with the authority it was given', async () => {
    await expect(docker('push', `${REGISTRY}/team/app:1`)).rejects.toThrow('needs a login')
    await expect(login('slt_wrong', 'docker', 'login')).rejects.toThrow('wrong name or token')
    expect(await login(secret, 'docker', 'login')).toContain('Login Succeeded')
    await docker('push', `${REGISTRY}/team/app:1`)
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', `${REGISTRY}/team/app:1`)
    const pushed = /@(sha256:[0-9a-f]{64})/.exec(await docker('image', 'inspect', '--format', '{{index .RepoDigests 0}}', `${REGISTRY}/team/app:1`))?.[1] ?? ''
    await docker('tag', `${REGISTRY}/team/app:1`, `${REGISTRY}/other/app:1`)
    await expect(docker('push', `${REGISTRY}/other/app:1`)).rejects.toThrow('the token ci may not push in other/app')
    await docker('tag', `${REGISTRY}/team/app:1`, `${REGISTRY}/docker.io/library/app:1`)
    await expect(docker('push', `${REGISTRY}/docker.io/library/app:1`)).rejects.toThrow('belongs to the library')
    for (const name of ['other/app:1', 'docker.io/library/app:1', 'team/app:1']) await docker('image', 'rm', `${REGISTRY}/${name}`)
    await docker('logout', REGISTRY)
    for (const name of [`team/app@${pushed}`, 'team/app:1']) {
      await docker('pull', '--quiet', `${REGISTRY}/${name}`)
      expect(await docker('image', 'inspect', '--format', '{{.Id}}', `${REGISTRY}/${name}`)).toBe(id)
    }
  })

  it('docker: trusts nobody whose authority it was not given', async () => {
    await site.run('ip', 'address', 'replace', '192.0.2.78/32', 'dev', 'lo')
    try {
      await expect(docker('pull', `192.0.2.78:${PORT}/team/app:1`)).rejects.toThrow(/x509|certificate/)
    } finally {
      await site.run('ip', 'address', 'delete', '192.0.2.78/32', 'dev', 'lo')
    }
  })

  it('skopeo: copies an index of two platforms there and back, digest for digest, and deletes it', async (ctx) => {
    await need(ctx, 'skopeo')
    const skopeo = (...argv: string[]): Promise<string> => inSite('skopeo', ...argv)
    const layout = join(folder, 'layout')
    const index = writeLayout(layout)
    await skopeo('copy', '--all', '--preserve-digests', '--dest-creds', `ci:${secret}`, `oci:${layout}:multi`, `docker://${REGISTRY}/team/multi:1`)
    const raw = await skopeo('inspect', '--raw', `docker://${REGISTRY}/team/multi:1`)
    expect(digestOf(raw)).toBe(index)
    await skopeo('copy', '--all', '--preserve-digests', `docker://${REGISTRY}/team/multi:1`, `oci:${join(folder, 'back')}:multi`)
    const arm = JSON.parse(await skopeo('inspect', '--override-arch', 'arm64', `docker://${REGISTRY}/team/multi:1`)) as {
      Architecture: string
      RepoTags: string[]
    }
    expect(arm).toMatchObject({ Architecture: 'arm64', RepoTags: ['1'] })
    await skopeo('delete', '--creds', `ci:${secret}`, `docker://${REGISTRY}/team/multi:1`)
    expect(JSON.parse(await skopeo('list-tags', `docker://${REGISTRY}/team/multi`))).toMatchObject({ Tags: [] })
  })

  it('podman: logs in, pushes and pulls', async (ctx) => {
    await need(ctx, 'podman')
    // Podman takes no longer paths.
    const short = mkdtempSync('/var/tmp/sealift-p-')
    ctx.onTestFinished(() => rmSync(short, { recursive: true, force: true }))
    const storage = ['--root', join(short, 'root'), '--runroot', join(short, 'run'), '--storage-driver', 'vfs', '--events-backend', 'file']
    const podman = (...argv: string[]): Promise<string> =>
      // Not with Docker's logins, which it would look for too.
      must([...insideNetns(site.netns), 'podman', ...storage, '--cgroup-manager', 'cgroupfs', ...argv])
    const authfile = ['--authfile', join(folder, 'podman-auth.json')]
    await login(secret, 'podman', 'login', ...authfile)
    const id = (await podman('import', '--quiet', join(folder, 'layer.tar'), `${REGISTRY}/team/podman:1`)).trim().replace(/^sha256:/, '')
    await podman('push', ...authfile, '--quiet', `${REGISTRY}/team/podman:1`)
    await podman('image', 'rm', `${REGISTRY}/team/podman:1`)
    await podman('pull', ...authfile, '--quiet', `${REGISTRY}/team/podman:1`)
    expect(await podman('image', 'inspect', '--format', '{{.Id}}', `${REGISTRY}/team/podman:1`)).toBe(id)
  })

  it('regctl: attaches an artifact to an image and finds it again, copies both, deletes a tag', async (ctx) => {
    const tool = await goTool(REGCTL)
    if ('missing' in tool) return ctx.skip(tool.missing)
    const regctl = (...argv: string[]): Promise<string> =>
      must([...insideNetns(site.netns), tool.file, ...argv], {
        env: { ...process.env, REGCTL_CONFIG: join(folder, 'regctl.json'), DOCKER_CONFIG: join(folder, 'nothing') },
      })
    await regctl('registry', 'set', '--cacert', await sealift.text('ca', 'export'), '--skip-check', REGISTRY)
    await regctl('registry', 'login', '--user', 'ci', '--pass', secret, '--skip-check', REGISTRY)
    const image = `${REGISTRY}/team/app:1`
    writeFileSync(join(folder, 'sbom.json'), '{"parts":[]}')
    await regctl('artifact', 'put', '--subject', image, '--artifact-type', 'application/x.parts+json', '--file', join(folder, 'sbom.json'))
    await regctl('artifact', 'put', '--subject', image, '--artifact-type', 'application/x.other', '--file', join(folder, 'sbom.json'))
    const list = async (name: string): Promise<{ descriptors: { artifactType: string }[] }> =>
      JSON.parse(await regctl('artifact', 'list', '--format', '{{json .}}', '--filter-artifact-type', 'application/x.parts+json', name)) as {
        descriptors: { artifactType: string }[]
      }
    expect((await list(image)).descriptors.map(({ artifactType }) => artifactType)).toEqual(['application/x.parts+json'])
    expect(await regctl('artifact', 'get', '--subject', image, '--filter-artifact-type', 'application/x.parts+json')).toBe('{"parts":[]}')
    await regctl('image', 'copy', '--referrers', image, `${REGISTRY}/team/copy:1`)
    expect((await list(`${REGISTRY}/team/copy:1`)).descriptors).toHaveLength(1)
    expect((await regctl('tag', 'list', `${REGISTRY}/team/copy`)).split('\n')).toContain('1')
    await regctl('tag', 'delete', `${REGISTRY}/team/copy:1`)
    expect(await regctl('tag', 'list', `${REGISTRY}/team/copy`)).not.toMatch(/^1$/m)
    expect(await regctl('repo', 'list', REGISTRY)).toContain('team/copy')
  })

  it('keeps its secrets out of all that it says', () => {
    expect(sealift.printed.filter((text) => !text.startsWith('$ sealift token create') && text.includes(secret))).toEqual([])
  })
})

/** Writes an OCI layout with an index of two platforms; returns the digest of the index. */
function writeLayout(folder: string): Digest {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
  const add = (content: string | Buffer): { digest: Digest; size: number } => {
    const bytes = Buffer.from(content)
    writeFileSync(join(folder, 'blobs/sha256', hexOf(digestOf(bytes))), bytes)
    return { digest: digestOf(bytes), size: bytes.length }
  }
  const layer = Buffer.alloc(10_240)
  const manifests = ['amd64', 'arm64'].map((architecture) => {
    const config = add(JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }))
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, ...config },
      layers: [{ mediaType: MediaType.ociLayer, ...add(layer) }],
    }
    return { mediaType: MediaType.ociManifest, ...add(JSON.stringify(manifest)), platform: { os: 'linux', architecture } }
  })
  const index = add(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }))
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const entry = { mediaType: MediaType.ociIndex, ...index, annotations: { 'org.opencontainers.image.ref.name': 'multi' } }
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
  return index.digest
}
