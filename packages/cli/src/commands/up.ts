import { once } from 'node:events'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { DEFAULT_LISTEN, startServer } from '@sealift/server/server.ts'
import type { Command } from 'commander'
import { dataFolder, type GlobalOptions, reportFailure } from '../session.ts'

/** `sealift up` */
export function addUp(program: Command): void {
  program
    .command('up')
    .summary('run the server: API and registry')
    .description(
      'Runs the server until it is stopped: the API for other commands, and the registry, from which Docker, podman and skopeo pull what the library holds.',
    )
    .option('--listen <address>', 'where the registry answers', DEFAULT_LISTEN)
    .option('--no-gc', 'do not remove content that nothing needs once a day')
    .action(async ({ listen, gc }: { listen: string; gc: boolean }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      try {
        const data = dataFolder(options)
        const server = await startServer({ data, listen, collect: gc })
        if (server === undefined) {
          throw new SealiftError('DATA_IN_USE', `another Sealift process works on ${data}`)
        }
        process.stderr.write(`Sealift is up.\n  registry  ${server.registryUrl}\n  commands  sealift --data ${data} …\nStop it with Ctrl+C.\n`)
        if (options.json) process.stdout.write(`${JSON.stringify({ registry: server.registryAddress, socket: server.socket })}\n`)
        await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
        process.stderr.write('Stopping …\n')
        await server.close()
      } catch (thrown) {
        reportFailure(thrown, options.json === true)
      }
    })
}
