import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { DEFAULT_LISTEN, type HostedServer, type ServerOptions, startServer } from '@sealift/server/server.ts'
import type { Command } from 'commander'
import { notifyReady } from '../service/notify-ready.ts'
import { dataFolder, type GlobalOptions, reportFailure } from '../session.ts'

/** How long a command that works on the data folder is waited for, in milliseconds. */
const WAIT = 60_000

/** `sealift up` */
export function addUp(program: Command): void {
  program
    .command('up')
    .summary('run the server: API and registry')
    .description(
      'Runs the server until it is stopped: the API for other commands, the registry, from which Docker, podman and skopeo pull what the library holds, and the supervision of what is installed.',
    )
    .option('--listen <address>', 'where the registry answers', DEFAULT_LISTEN)
    .option('--no-gc', 'do not remove content that nothing needs once a day')
    .action(async ({ listen, gc }: { listen: string; gc: boolean }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      try {
        const data = dataFolder(options)
        const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
        const server = await Promise.race([startWhenFree({ data, listen, collect: gc }), stopped.then(() => undefined)])
        if (server === undefined) return
        process.stderr.write(`Sealift is up.\n  registry  ${server.registryUrl}\n  commands  sealift --data ${data} …\nStop it with Ctrl+C.\n`)
        if (options.json) process.stdout.write(`${JSON.stringify({ registry: server.registryAddress, socket: server.socket })}\n`)
        notifyReady()
        await stopped
        process.stderr.write('Stopping …\n')
        await server.close()
      } catch (thrown) {
        reportFailure(thrown, options.json === true)
      }
    })
}

/** Starts the server, where need be once a command that works on the data folder has ended. */
async function startWhenFree(options: ServerOptions): Promise<HostedServer> {
  const deadline = performance.now() + WAIT
  for (let isFirst = true; performance.now() < deadline; isFirst = false) {
    const server = await startServer(options)
    if (server !== undefined) return server
    if (isFirst) process.stderr.write(`Another Sealift process works on ${options.data}: waiting for it to end …\n`)
    await sleep(250)
  }
  throw new SealiftError('DATA_IN_USE', `another Sealift process works on ${options.data}`)
}
