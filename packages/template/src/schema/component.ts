import { type Static, Type } from 'typebox'
import { closed, named } from './closed.ts'
import { ConfigFileSchema } from './config-file.ts'
import { ConnectionValueSchema } from './connection-value.ts'
import { dependsOn } from './dependency.ts'
import { env } from './env-variable.ts'
import { HooksSchema } from './hooks.ts'
import { InitContainerSchema } from './init-container.ts'
import { MonitorSchema } from './monitor.ts'
import { PluginUseSchema } from './plugin.ts'
import { PortSchema } from './port.ts'
import { ProbesSchema } from './probe.ts'
import { GpusSchema, ResourcesSchema, UlimitSchema } from './resources.ts'
import { ScalingSchema } from './scaling.ts'
import { argv, durationText, expression, imageText, label, prose, signalName, sizeText } from './texts.ts'
import { VolumeSchema } from './volume.ts'

/** How a component lives. */
export const WORKLOADS = ['stateless', 'stateful', 'daemon', 'job', 'cron', 'external'] as const
export type Workload = (typeof WORKLOADS)[number]

const capabilityNames = (description: string) =>
  Type.Array(Type.String({ pattern: '^(ALL|[A-Z][A-Z_]*)$', patternErrorMessage: 'a capability such as NET_ADMIN, in capitals without CAP_', maxLength: 64 }), {
    description,
    maxItems: 64,
  })

export const PrivilegedSchema = closed(
  { reason: Type.String({ description: 'Why, for the one who decides at the site.', minLength: 10, maxLength: 1024 }) },
  'Runs with all rights on the host. A site is shown the reason before it installs.',
)

export const UpdateStrategySchema = closed(
  {
    strategy: Type.Enum(['rolling', 'recreate'], { description: 'rolling: replica by replica. recreate: stop all, then start all.' }),
    maxUnavailable: Type.Optional(Type.Integer({ description: 'So many replicas may be missing meanwhile.', minimum: 0, maximum: 1000, default: 1 })),
    maxSurge: Type.Optional(Type.Integer({ description: 'So many replicas more than wanted may run meanwhile.', minimum: 0, maximum: 1000, default: 0 })),
  },
  'How replicas are replaced. The default is rolling for stateless components with several replicas, else recreate.',
)

export const ComponentSchema = closed(
  {
    name: label('The name of the component and, inside the application, its host name.'),
    title: Type.Optional(prose('Its name for people.', 256)),
    description: Type.Optional(prose('What it does.')),
    module: Type.Optional(label('The module that it belongs to; without one it is always there.')),
    workload: Type.Enum([...WORKLOADS], {
      description:
        'stateless: replicas are alike. stateful: keeps data. daemon: one on every node. job: runs to its end once. cron: runs to its end by a schedule. external: something that the site already has.',
    }),
    image: Type.Optional(imageText('What to run. Every workload but external needs one.')),
    address: Type.Optional(expression('Only for external: the host name or address at the site, usually ${parameters.X}.', 1024)),
    entrypoint: Type.Optional(argv("Replaces the image's entrypoint.")),
    command: Type.Optional(argv("Replaces the image's command.")),
    workingDir: Type.Optional(prose("Replaces the image's working folder; an absolute path.", 4096)),
    hostname: Type.Optional(label('The host name that the program sees; the component name where it is not given.')),
    user: Type.Optional(prose('The user to run as, by name or number, quoted.', 64)),
    group: Type.Optional(prose('The group to run as, by name or number, quoted.', 64)),
    fsGroup: Type.Optional(Type.Integer({ description: 'Number of the group that owns the volumes.', minimum: 0, maximum: 4_294_967_294 })),
    dependsOn: Type.Optional(dependsOn('The components that this one uses.')),
    ports: Type.Optional(Type.Array(PortSchema, { description: 'Ports that it listens on.', maxItems: 100 })),
    env: Type.Optional(env('Environment variables.')),
    connection: Type.Optional(
      Type.Array(ConnectionValueSchema, { description: 'What those that depend on it must know; they receive it as variables.', maxItems: 100 }),
    ),
    configurationGroups: Type.Optional(Type.Array(label('A group of this application.'), { description: 'Shared settings that it uses.', maxItems: 50 })),
    volumes: Type.Optional(Type.Array(VolumeSchema, { description: 'Folders whose content outlives the container.', maxItems: 100 })),
    files: Type.Optional(Type.Array(ConfigFileSchema, { description: 'Files that are put into the container.', maxItems: 200 })),
    initContainers: Type.Optional(
      Type.Array(InitContainerSchema, { description: 'Containers that run to their end, in this order, before it starts.', maxItems: 20 }),
    ),
    probes: Type.Optional(ProbesSchema),
    resources: Type.Optional(ResourcesSchema),
    scaling: Type.Optional(ScalingSchema),
    hooks: Type.Optional(HooksSchema),
    data: Type.Optional(
      Type.Enum(['compatible', 'forwardOnly'], {
        description:
          "compatible: the release before can read this one's data. forwardOnly: it can't, so its volumes (or, without any, those of what it depends on) are copied before an upgrade touches it, and come back where that fails.",
        default: 'compatible',
      }),
    ),
    monitors: Type.Optional(Type.Array(MonitorSchema, { description: 'Where its measurements are.', maxItems: 20 })),
    plugins: Type.Optional(Type.Array(PluginUseSchema, { description: 'Plugins that run beside it.', maxItems: 20 })),
    schedule: Type.Optional(prose('Only for cron, which needs it: five fields, minute hour day month weekday, such as "0 3 * * *".', 128)),
    timezone: Type.Optional(prose('Only for cron: the time zone of the schedule, such as Europe/Berlin; UTC where it is not given.', 64)),
    rerun: Type.Optional(
      Type.Enum(['once', 'onChange', 'always'], {
        description:
          'Only for a job. once: at installation only. onChange: again when an upgrade or a setting changes what it runs or runs with. always: at every upgrade.',
        default: 'onChange',
      }),
    ),
    capabilities: Type.Optional(
      closed(
        { add: Type.Optional(capabilityNames('Rights to add.')), drop: Type.Optional(capabilityNames('Rights to take away.')) },
        "Linux capabilities beside the engine's default ones.",
      ),
    ),
    privileged: Type.Optional(PrivilegedSchema),
    ulimits: Type.Optional(
      named('^[a-z]+$', 'the name of a limit, such as nofile', UlimitSchema, 'Limits by name, such as nofile: {soft: 65536, hard: 65536}.'),
    ),
    sysctls: Type.Optional(
      named(
        '^[a-z0-9_./-]+$',
        'a kernel setting, such as net.core.somaxconn',
        Type.String({ maxLength: 256 }),
        'Kernel settings inside the container, such as net.core.somaxconn: "1024".',
      ),
    ),
    shmSize: Type.Optional(sizeText('Size of /dev/shm.')),
    extraHosts: Type.Optional(
      named(
        '^[A-Za-z0-9._-]+$',
        'a host name',
        Type.String({ maxLength: 256 }),
        'Host names beyond those of the application, each with its address. May use ${…}.',
      ),
    ),
    gpus: Type.Optional(GpusSchema),
    stopSignal: Type.Optional(signalName('Tells the program to end.')),
    stopGrace: Type.Optional(durationText('Time to end in, before it is killed.', { default: '10s' })),
    update: Type.Optional(UpdateStrategySchema),
    stableIdentity: Type.Optional(Type.Boolean({ description: 'Only for stateful: each replica keeps its number, its name and its volumes.', default: false })),
    kubernetesObjects: Type.Optional(
      Type.Array(Type.Record(Type.String(), Type.Unknown()), {
        description: 'Objects that go to a Kubernetes target as they are; other targets name them as not acted on.',
        maxItems: 200,
      }),
    ),
  },
  'One workload.',
)
export type Component = Static<typeof ComponentSchema>
