import type { Duplex } from 'node:stream'
import type { ProbeAction } from '@sealift/deploy/driver.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import { isLocalAddress } from './engine-address.ts'
import type { EngineClient } from './engine-client.ts'
import { demultiplex } from './multiplexed-stream.ts'
import { networkName } from './names.ts'
import { noAnswer, type ProbeResult, probeHttp, probeTcp, unhealthy } from './probe-address.ts'
import { currentMain, findReplicas, holderOf, sharesNetwork } from './replica.ts'

/** Characters of a command's output that go into the message. */
const OUTPUT_LIMIT = 1024

/**
 * One attempt of a probe. A bad or missing answer, a container that is gone or does not run: all of
 * that is an unhealthy result, not an error.
 * @param timeout seconds
 * @throws SealiftError `ENGINE_UNREACHABLE`
 */
export async function probe(
  engine: EngineClient,
  installation: string,
  component: string,
  index: number,
  action: ProbeAction,
  timeout: number,
): Promise<ProbeResult> {
  const replica = (await findReplicas(engine, installation, component)).find((candidate) => candidate.index === index)
  const main = replica && currentMain(replica)
  if (replica === undefined || main === undefined) return unhealthy('its container is not there')
  if (!main.State.Running || main.State.Restarting) return unhealthy(`its container does not run (${main.State.Status})`)
  if (main.State.Paused) return unhealthy('its container is paused')
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeout * 1000)))
  try {
    if (action.kind === 'exec') return await probeExec(engine, main.Id, action.command, signal, timeout)
    const holder = holderOf(replica, main)
    const address = holder?.NetworkSettings.Networks?.[networkName(installation)]?.IPAddress ?? ''
    if (!sharesNetwork(main, holder) || address === '') return unhealthy('its container has no network')
    if (!isLocalAddress(engine.address)) return unhealthy(`a ${action.kind} probe needs Sealift on the engine's machine; an exec probe works from here`)
    return action.kind === 'tcp' ? await probeTcp(address, action.port, signal, timeout) : await probeHttp(address, action, signal, timeout)
  } catch (thrown) {
    if (isSealiftError(thrown, 'ENGINE_UNREACHABLE')) throw thrown
    return unhealthy(messageOf(thrown))
  }
}

async function probeExec(engine: EngineClient, container: string, command: readonly string[], signal: AbortSignal, timeout: number): Promise<ProbeResult> {
  const what = command[0] ?? 'the command'
  const { id, connection } = await engine.startExec(container, { command, tty: false, stdin: false })
  const stop = (): void => void connection.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) return noAnswer(what, timeout)
    const output = await readOutput(connection).catch((thrown: unknown) => {
      if (signal.aborted) return undefined
      throw thrown
    })
    if (output === undefined || signal.aborted) return noAnswer(what, timeout)
    const exitCode = await engine.execExitCode(id, signal)
    const words = output.trim()
    if (exitCode === 0) return { healthy: true, message: words === '' ? `${what} ended with 0` : words }
    return unhealthy(`${what} ended with ${exitCode}${words === '' ? '' : `: ${words}`}`)
  } catch (thrown) {
    if (signal.aborted) return noAnswer(what, timeout)
    throw thrown
  } finally {
    signal.removeEventListener('abort', stop)
    connection.destroy()
  }
}

async function readOutput(connection: Duplex): Promise<string> {
  let output = ''
  for await (const { data } of demultiplex(connection)) output = (output + data.toString('utf8')).slice(-OUTPUT_LIMIT)
  return output
}
