import type { Duplex } from 'node:stream'
import type { ProbeAction } from '@sealift/deploy/driver.ts'
import { isSealiftError, messageOf } from '@sealift/oci/sealift-error.ts'
import { endExec } from './end-exec.ts'
import { isLocalAddress } from './engine-address.ts'
import type { EngineClient } from './engine-client.ts'
import { demultiplex } from './multiplexed-stream.ts'
import { networkName } from './names.ts'
import { noAnswer, type ProbeResult, probeHttp, probeTcp, unhealthy } from './probe-address.ts'
import type { ProbeTarget, ProbeTargets } from './probe-targets.ts'
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
  targets: ProbeTargets,
  installation: string,
  component: string,
  index: number,
  action: ProbeAction,
  timeout: number,
): Promise<ProbeResult> {
  const known = targets.find(installation, component, index)
  if (known !== undefined) {
    const result = await attempt(engine, targets, known, action, timeout)
    if (result.healthy) return result
    // It may be somewhere else by now, or nowhere: that is what the answer must say then.
    const target = await findTarget(engine, installation, component, index)
    if ('message' in target) return target
    targets.remember(installation, component, index, target)
    if (target.container === known.container && target.address === known.address) return result
    return attempt(engine, targets, target, action, timeout)
  }
  const target = await findTarget(engine, installation, component, index)
  if ('message' in target) return target
  targets.remember(installation, component, index, target)
  return attempt(engine, targets, target, action, timeout)
}

/** Where a replica is; a result where there is nothing to probe. */
async function findTarget(engine: EngineClient, installation: string, component: string, index: number): Promise<ProbeTarget | ProbeResult> {
  const replica = (await findReplicas(engine, installation, component)).find((candidate) => candidate.index === index)
  const main = replica && currentMain(replica)
  if (replica === undefined || main === undefined) return unhealthy('its container is not there')
  if (!main.State.Running || main.State.Restarting) return unhealthy(`its container does not run (${main.State.Status})`)
  if (main.State.Paused) return unhealthy('its container is paused')
  const holder = holderOf(replica, main)
  const address = sharesNetwork(main, holder) ? (holder?.NetworkSettings.Networks?.[networkName(installation)]?.IPAddress ?? '') : ''
  return { container: main.Id, address }
}

async function attempt(engine: EngineClient, targets: ProbeTargets, target: ProbeTarget, action: ProbeAction, timeout: number): Promise<ProbeResult> {
  const { container, address } = target
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeout * 1000)))
  try {
    if (action.kind === 'exec') return await probeExec(engine, targets, container, action.command, signal, timeout)
    if (address === '') return unhealthy('its container has no network')
    if (!isLocalAddress(engine.address)) return unhealthy(`a ${action.kind} probe needs Sealift on the engine's machine; an exec probe works from here`)
    return action.kind === 'tcp' ? await probeTcp(address, action.port, signal, timeout) : await probeHttp(address, action, signal, timeout)
  } catch (thrown) {
    if (isSealiftError(thrown, 'ENGINE_UNREACHABLE')) throw thrown
    return unhealthy(messageOf(thrown))
  }
}

async function probeExec(
  engine: EngineClient,
  targets: ProbeTargets,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
  timeout: number,
): Promise<ProbeResult> {
  const what = command[0] ?? 'the command'
  const before = targets.hanging(container)
  if (before !== undefined) {
    // One that hangs is enough: many would fill the container.
    if (!(await endExec(engine, before))) return unhealthy(`${what}: an attempt before hangs still, and could not be ended`)
    targets.setHanging(container, undefined)
  }
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
    if (signal.aborted && !(await endExec(engine, id).catch(() => false))) targets.setHanging(container, id)
  }
}

async function readOutput(connection: Duplex): Promise<string> {
  let output = ''
  for await (const { data } of demultiplex(connection)) output = (output + data.toString('utf8')).slice(-OUTPUT_LIMIT)
  return output
}
