import type { RunOnce, RunResult } from '@sealift/deploy/driver.ts'
import { type EngineSettings, hostEntries } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import { putFiles } from './files.ts'
import { Label, type Role } from './labels.ts'
import { demultiplex } from './multiplexed-stream.ts'
import { networkName, onceName } from './names.ts'
import { ensureVolumes, mountsOf } from './volumes.ts'

const OUTPUT_LIMIT = 64 * 1024
const ROLE: Role = 'once'

/** Runs a container to its end in the installation's network, and removes it whatever happens. */
export async function runOnce(engine: EngineClient, { logConfig }: EngineSettings, run: RunOnce): Promise<RunResult> {
  const { installation, component, image, entrypoint, command, env, user, workingDir, volumes = [], files = [], extraHosts = {}, group, timeout } = run
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
    const ended = await endOf(engine, container, timeout)
    const output = await lastOutput(engine, container)
    return { exitCode: ended ?? KILLED, timedOut: ended === undefined, output }
  } finally {
    await engine.removeContainer(container)
  }
}

/** What a shell says of a program that SIGKILL ended. */
const KILLED = 137

/** The exit code, or undefined where the container had to be killed. */
async function endOf(engine: EngineClient, container: string, timeout: number): Promise<number | undefined> {
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeout * 1000)))
  try {
    return await engine.waitContainer(container, signal)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
  await engine.killContainer(container)
  await engine.waitContainer(container)
  return undefined
}

async function lastOutput(engine: EngineClient, container: string): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const { data } of demultiplex(await engine.logs(container, { follow: false, timestamps: false }))) {
    pieces.push(data)
    size += data.length
    for (let first = pieces[0]; first !== undefined && size - first.length >= OUTPUT_LIMIT; first = pieces[0]) {
      size -= first.length
      pieces.shift()
    }
  }
  return Buffer.concat(pieces).subarray(-OUTPUT_LIMIT).toString('utf8')
}
