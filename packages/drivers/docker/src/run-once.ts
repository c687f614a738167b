import type { FoundRun, RunOnce, RunResult } from '@sealift/deploy/driver.ts'
import { endOf, lastOutput } from './container-end.ts'
import { type EngineSettings, hostEntries } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import type { ContainerDetails } from './engine-types.ts'
import { putFiles } from './files.ts'
import { Label, type Role } from './labels.ts'
import { networkName, onceName } from './names.ts'
import { ensureVolumes, mountsOf } from './volumes.ts'

const ROLE: Role = 'once'

/** Runs a container to its end in the installation's network. It is removed whatever happens, unless it has a key. */
export async function runOnce(engine: EngineClient, settings: EngineSettings, run: RunOnce): Promise<RunResult> {
  const { installation, key, timeout, signal } = run
  const name = onceName(installation, run.name)
  signal?.throwIfAborted()
  const found = key === undefined ? undefined : await containerOf(engine, name, key)
  const container = found === undefined || hasNotStarted(found) ? await start(engine, settings, run) : found.Id
  const kill = (): void => void engine.killContainer(container).catch(() => {})
  signal?.addEventListener('abort', kill, { once: true })
  try {
    if (signal?.aborted) kill()
    const ended = await endOf(engine, container, found === undefined ? timeout : remaining(found, timeout))
    signal?.throwIfAborted()
    const output = await lastOutput(engine, container)
    return { exitCode: ended ?? KILLED, timedOut: ended === undefined, output }
  } finally {
    signal?.removeEventListener('abort', kill)
    if (key === undefined || signal?.aborted) await engine.removeContainer(container)
  }
}

/** The one-off container that was begun under a name and key. */
export async function findRun(engine: EngineClient, installation: string, name: string, key: string): Promise<FoundRun | undefined> {
  const found = await containerOf(engine, onceName(installation, name), key)
  if (found === undefined) return undefined
  if (hasNotStarted(found)) return { state: 'created' }
  return found.State.Running ? { state: 'running' } : { state: 'ended', exitCode: found.State.ExitCode }
}

/** Ends and removes the one-off container of a name. */
export async function forgetRun(engine: EngineClient, installation: string, name: string): Promise<void> {
  await engine.removeContainer(onceName(installation, name))
}

async function containerOf(engine: EngineClient, name: string, key: string): Promise<ContainerDetails | undefined> {
  const found = await engine.inspectContainer(name)
  return found?.Config.Labels?.[Label.key] === key ? found : undefined
}

function hasNotStarted({ State }: ContainerDetails): boolean {
  return State.Status === 'created'
}

/** Seconds that a container which was found has left. */
function remaining({ State }: ContainerDetails, timeout: number): number {
  return Math.max(0, timeout - (Date.now() - Date.parse(State.StartedAt)) / 1000)
}

/** Makes the container anew and starts it. */
async function start(engine: EngineClient, { logConfig }: EngineSettings, run: RunOnce): Promise<string> {
  const { installation, component, image, entrypoint, command, env, user, workingDir, volumes = [], files = [], extraHosts = {}, group, key } = run
  const name = onceName(installation, run.name)
  await engine.removeContainer(name)
  await ensureVolumes(engine, { installation, name: component ?? run.name, volumes })
  const container = await engine.createContainer(name, {
    Image: image.localName,
    ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
    ...(command === undefined ? {} : { Cmd: command }),
    ...(user === undefined ? {} : { User: user }),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    Env: Object.entries(env).map(([variable, value]) => `${variable}=${value}`),
    Healthcheck: { Test: ['NONE'] },
    Labels: {
      [Label.installation]: installation,
      ...(component === undefined ? {} : { [Label.component]: component }),
      ...(key === undefined ? {} : { [Label.key]: key }),
      [Label.role]: ROLE,
      [Label.image]: image.config,
    },
    HostConfig: {
      NetworkMode: networkName(installation),
      Mounts: mountsOf(volumes),
      ExtraHosts: hostEntries(extraHosts),
      ...(group === undefined ? {} : { GroupAdd: [String(group)] }),
      RestartPolicy: { Name: 'no' },
      ...(logConfig === undefined ? {} : { LogConfig: logConfig }),
    },
  })
  try {
    await putFiles(engine, container, files)
    await engine.startContainer(container)
    return container
  } catch (thrown) {
    await engine.removeContainer(container)
    throw thrown
  }
}

/** What a shell says of a program that SIGKILL ended. */
const KILLED = 137
