import type { RunOnce, RunResult } from '@sealift/deploy/driver.ts'
import { endOf, lastOutput } from './container-end.ts'
import { type EngineSettings, hostEntries } from './container-spec.ts'
import type { EngineClient } from './engine-client.ts'
import { putFiles } from './files.ts'
import { Label, type Role } from './labels.ts'
import { networkName, onceName } from './names.ts'
import { ensureVolumes, mountsOf } from './volumes.ts'

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
