import { writeFile } from 'node:fs/promises'
import { type Authority, registryRoutes } from '@sealift/api/routes/registry.ts'
import { toSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'

/** `sealift ca …` */
export function addAuthority(program: Command): void {
  const authority = program
    .command('ca')
    .summary('the certificate authority of this data folder')
    .description('The authority that certifies the registry when it speaks TLS. It is made once for a data folder; its key is sealed and never leaves it.')
  authority
    .command('export')
    .description("Prints the authority's certificate, which is no secret, and says where clients want it.")
    .option('--out <file>', 'write it to a file instead')
    .addHelpText('after', '\nExample:\n  sealift ca export --out sealift-ca.crt')
    .action(async ({ out }: { out?: string }, command: Command) => {
      await inSession(command, async ({ client, json, answer, say }) => {
        const found = await client.call(registryRoutes.getAuthority, {})
        if (out !== undefined) await write(out, found.certificate)
        answer(found, ({ certificate }) => (out === undefined ? certificate : ''))
        if (!json) say(instructions(found, out ?? 'sealift-ca.crt'))
      })
    })
}

async function write(path: string, certificate: string): Promise<void> {
  try {
    await writeFile(path, certificate)
  } catch (thrown) {
    throw toSealiftError(thrown, `writing ${path}`)
  }
}

function instructions({ fingerprint, until, addresses }: Authority, file: string): string {
  const address = addresses.find((name) => !/^(localhost|127\.|\[)/.test(name)) ?? addresses[0] ?? 'HOST:PORT'
  const [first, second] = [fingerprint.slice(0, 48), fingerprint.slice(48)]
  return `
Fingerprint (SHA-256), to compare on the other machine; good until ${until.slice(0, 10)}:
  ${first}
  ${second}

Put the certificate on each machine that uses the registry, for the address
that it is used by, here ${address}:
  Docker                 /etc/docker/certs.d/${address}/ca.crt
  Podman, skopeo         /etc/containers/certs.d/${address}/ca.crt
  containerd             /etc/containerd/certs.d/${address}/hosts.toml with
                           server = "https://${address}"
                           [host."https://${address}"]
                             ca = "/etc/containerd/certs.d/${address}/ca.crt"
  everything on Debian   cp ${file} /usr/local/share/ca-certificates/
                           && update-ca-certificates
No restart is needed, except of Docker after the last one.`
}
