/** What becomes of a field of the Compose specification. */
export type Fate = 'carried' | 'changed' | 'unneeded' | 'left-out' | 'refused'

/** A field of a Compose file, and what an import makes of it. */
export interface ComposeField {
  /** `services.*.NAME`, or a section; deeper ones with a dot. */
  readonly field: string
  readonly fate: Fate
  /** How it is carried, or why not and what to do instead. */
  readonly how: string
}

const field = (name: string, fate: Fate, how: string): ComposeField => ({ field: name, fate, how })

/** Every field of a service in the Compose specification. The order is that of the specification. */
export const SERVICE_FIELDS: readonly ComposeField[] = [
  field('annotations', 'left-out', 'A template has none. Where a program reads them, give it the value in env.'),
  field('attach', 'unneeded', 'Concerns the terminal of compose up.'),
  field('build', 'changed', 'The image that was built is taken from the engine: the one under image, else PROJECT-SERVICE or PROJECT_SERVICE. Build first.'),
  field('blkio_config', 'left-out', 'Limits of block devices name devices of one host. Set them on the engine of the site.'),
  field('cap_add', 'carried', 'capabilities.add'),
  field('cap_drop', 'carried', 'capabilities.drop'),
  field('cgroup', 'left-out', "The site's engine decides."),
  field('cgroup_parent', 'left-out', 'Names a control group of one host.'),
  field('command', 'carried', 'command'),
  field('configs', 'changed', 'files, with the content'),
  field('container_name', 'changed', 'Containers are named by the installation; where others reach it by this name, they are given the component’s.'),
  field('cpu_count', 'changed', 'resources.cpu'),
  field('cpu_percent', 'left-out', 'For Windows only. Use cpus.'),
  field('cpu_period', 'changed', 'resources.cpu, together with cpu_quota'),
  field('cpu_quota', 'changed', 'resources.cpu, together with cpu_period'),
  field('cpu_rt_period', 'left-out', 'Real-time scheduling depends on how the host is set up.'),
  field('cpu_rt_runtime', 'left-out', 'Real-time scheduling depends on how the host is set up.'),
  field('cpu_shares', 'left-out', 'A template limits (resources.cpu), and has no weights.'),
  field('cpus', 'carried', 'resources.cpu'),
  field('cpuset', 'left-out', 'Names processors of one host.'),
  field('credential_spec', 'refused', 'Windows accounts are not supported.'),
  field('depends_on', 'carried', 'dependsOn; service_started waits until the other one is healthy, which is more'),
  field('deploy', 'changed', 'scaling, resources, update, gpus: see below'),
  field('develop', 'unneeded', 'Concerns work on the source.'),
  field('device_cgroup_rules', 'left-out', 'Names devices of one host.'),
  field('devices', 'refused', 'A device of the host can not be carried. GPUs are: gpus, or deploy.resources.reservations.devices.'),
  field('dns', 'left-out', "The site's engine resolves names."),
  field('dns_opt', 'left-out', "The site's engine resolves names."),
  field('dns_search', 'left-out', "The site's engine resolves names."),
  field('domainname', 'left-out', 'Inside an application names have no domain.'),
  field('driver_opts', 'left-out', 'Depends on how the host is set up.'),
  field('entrypoint', 'carried', 'entrypoint'),
  field('env_file', 'changed', 'env, with the content'),
  field('environment', 'carried', 'env; secrets in it become generated connection values or parameters'),
  field('expose', 'carried', 'ports'),
  field('extends', 'carried', 'resolved'),
  field('external_links', 'left-out', 'What is outside the application is a component with workload: external, which a site gives the address of.'),
  field('extra_hosts', 'carried', 'extraHosts; not host-gateway, whose address only one host knows'),
  field('gpus', 'carried', 'gpus'),
  field('group_add', 'left-out', 'A template has one group: group, or fsGroup for volumes.'),
  field('healthcheck', 'changed', 'probes.readiness, and probes.startup for the time before it is healthy first; disable and NONE are no probe'),
  field('hostname', 'carried', 'hostname'),
  field('image', 'carried', 'image'),
  field('init', 'left-out', 'Where the program does not collect its children, put an init program into the image.'),
  field('ipc', 'refused', 'Sharing the host’s memory segments is not possible at a site. For more shared memory use shm_size.'),
  field('isolation', 'left-out', 'For Windows only.'),
  field('label_file', 'left-out', 'A template has no labels.'),
  field('labels', 'left-out', 'A template has no labels. Those of a reverse proxy are routes in a template.'),
  field('links', 'changed', 'dependsOn; where an alias is used, the component’s name is put in its place'),
  field('logging', 'left-out', "The site's engine keeps logs; sealift logs shows them."),
  field('mac_address', 'left-out', 'Would be the same at every site.'),
  field('mem_limit', 'carried', 'resources.memory'),
  field('mem_reservation', 'left-out', 'A template limits, and reserves nothing.'),
  field('mem_swappiness', 'left-out', "The site's engine decides."),
  field('memswap_limit', 'left-out', "The site's engine decides."),
  field('models', 'refused', 'AI models that Compose fetches itself can not be carried. Put the model into an image or a volume.'),
  field('network_mode', 'refused', "Only bridge: the host's network, and that of another container, can not be carried. Publish ports instead."),
  field(
    'networks',
    'changed',
    'All components of an installation share one network, which others can not enter. Aliases: where others use them, the component’s name is put in their place',
  ),
  field('oom_kill_disable', 'left-out', "The site's engine decides."),
  field('oom_score_adj', 'left-out', "The site's engine decides."),
  field('pid', 'refused', "The host's processes, and those of another container, can not be shared at a site."),
  field('pids_limit', 'left-out', "The site's engine decides. For processes of a user there is ulimits.nproc."),
  field('platform', 'changed', 'requires.arch'),
  field(
    'ports',
    'carried',
    'ports; each port of the host becomes a parameter, so that a site can choose another. Those on an address of the host alone are not published',
  ),
  field('post_start', 'left-out', 'Use hooks.afterUpgrade, or a job.'),
  field('pre_stop', 'left-out', 'Let the program act on stop_signal.'),
  field('privileged', 'carried', 'privileged; write the reason into the template'),
  field('profiles', 'changed', 'modules: off at first, unless --profile names them'),
  field('provider', 'refused', 'What another program provides can not be carried. Make it a component with workload: external.'),
  field('pull_policy', 'unneeded', 'Images travel with the release.'),
  field('pull_refresh_after', 'unneeded', 'Images travel with the release.'),
  field('read_only', 'left-out', 'A template can not make the root file system read-only.'),
  field('restart', 'changed', 'Components are restarted; one that others wait for to complete, and one with restart: no that ends, is a job'),
  field('runtime', 'left-out', "The site's engine decides; for GPUs there is gpus."),
  field('scale', 'carried', 'scaling'),
  field('secrets', 'changed', 'files; a short content is generated at each site, a longer one is asked for'),
  field('security_opt', 'left-out', "The site's engine applies its own profiles."),
  field('shm_size', 'carried', 'shmSize'),
  field('stdin_open', 'left-out', 'Components run without a terminal.'),
  field('stop_grace_period', 'carried', 'stopGrace'),
  field('stop_signal', 'carried', 'stopSignal'),
  field('storage_opt', 'left-out', "Depends on the engine's storage."),
  field('sysctls', 'carried', 'sysctls'),
  field('tmpfs', 'carried', 'volumes with kind: memory'),
  field('tty', 'left-out', 'Components run without a terminal.'),
  field('ulimits', 'carried', 'ulimits'),
  field('use_api_socket', 'refused', "A component gets no access to the site's engine."),
  field('user', 'carried', 'user and group'),
  field('userns_mode', 'left-out', "The site's engine decides."),
  field('uts', 'left-out', 'The host’s name is not shared.'),
  field(
    'volumes',
    'changed',
    'Named and nameless volumes are volumes. Files of the project are files; folders of the host are files where they hold a few small ones, else volumes, empty at first',
  ),
  field('volumes_from', 'changed', 'volumes with from'),
  field('working_dir', 'carried', 'workingDir'),
]

/** Fields inside of services that need a word of their own. */
export const NESTED_FIELDS: readonly ComposeField[] = [
  field('depends_on.*.restart', 'unneeded', 'A component that is replaced keeps its name and address for those that use it.'),
  field('deploy.mode', 'changed', 'global is workload: daemon, replicated-job and global-job are workload: job'),
  field('deploy.replicas', 'carried', 'scaling'),
  field('deploy.endpoint_mode', 'left-out', 'Names resolve to the replicas.'),
  field('deploy.labels', 'left-out', 'A template has no labels.'),
  field('deploy.placement', 'left-out', 'Names nodes of one cluster.'),
  field('deploy.resources.limits.cpus', 'carried', 'resources.cpu'),
  field('deploy.resources.limits.memory', 'carried', 'resources.memory'),
  field('deploy.resources.limits.pids', 'left-out', "The site's engine decides."),
  field('deploy.resources.limits.devices', 'left-out', 'Devices are reserved, not limited.'),
  field('deploy.resources.limits.generic_resources', 'left-out', 'Names resources of one cluster.'),
  field('deploy.resources.reservations.cpus', 'left-out', 'A template limits, and reserves nothing.'),
  field('deploy.resources.reservations.memory', 'left-out', 'A template limits, and reserves nothing.'),
  field('deploy.resources.reservations.pids', 'left-out', 'A template limits, and reserves nothing.'),
  field('deploy.resources.reservations.devices', 'carried', 'gpus, where the capability is gpu'),
  field('deploy.resources.reservations.generic_resources', 'left-out', 'Names resources of one cluster.'),
  field('deploy.restart_policy', 'unneeded', 'Components are restarted, with growing pauses.'),
  field('deploy.rollback_config', 'unneeded', 'An upgrade that fails goes back by itself.'),
  field('deploy.update_config.parallelism', 'carried', 'update.maxUnavailable; 0 is strategy: recreate'),
  field('deploy.update_config.order', 'carried', 'start-first: update.maxSurge'),
  field('deploy.update_config.delay', 'left-out', 'The next replica follows when the last one is healthy.'),
  field('deploy.update_config.failure_action', 'unneeded', 'An upgrade that fails goes back by itself.'),
  field('deploy.update_config.monitor', 'unneeded', 'Probes decide.'),
  field('deploy.update_config.max_failure_ratio', 'unneeded', 'No replica may fail.'),
  field('networks.*.aliases', 'changed', 'Where others use an alias, the component’s name is put in its place.'),
  field('networks.*.driver_opts', 'left-out', 'Depends on how the host is set up.'),
  field('networks.*.gw_priority', 'left-out', 'There is one network.'),
  field('networks.*.interface_name', 'left-out', 'The interface is called as the engine calls it.'),
  field('networks.*.ipv4_address', 'left-out', 'Addresses are given by the engine. Use the component’s name.'),
  field('networks.*.ipv6_address', 'left-out', 'Addresses are given by the engine. Use the component’s name.'),
  field('networks.*.link_local_ips', 'left-out', 'Addresses are given by the engine.'),
  field('networks.*.mac_address', 'left-out', 'Would be the same at every site.'),
  field('networks.*.priority', 'left-out', 'There is one network.'),
]

/** The sections of a Compose file. */
export const SECTION_FIELDS: readonly ComposeField[] = [
  field('version', 'unneeded', 'The specification is one.'),
  field('name', 'changed', 'The application’s name, where --name is not given.'),
  field('include', 'carried', 'resolved'),
  field('services', 'carried', 'components'),
  field('networks', 'changed', 'All components of an installation share one network. A network that is external, or has settings of its own, is named.'),
  field('volumes', 'changed', 'volumes of the components that use them. Their content does not travel; external ones and driver options are named.'),
  field('configs', 'changed', 'files of the components that use them'),
  field('secrets', 'changed', 'files of the components that use them, generated or asked for at the site'),
  field('models', 'refused', 'AI models that Compose fetches itself can not be carried.'),
  field('x-*', 'unneeded', 'Extensions say nothing to Compose either.'),
]

const BY_NAME = new Map([...SERVICE_FIELDS, ...NESTED_FIELDS].map((each) => [each.field, each]))

/** What becomes of a field inside a service; `*` stands for any name. */
export function composeField(name: string): ComposeField | undefined {
  return BY_NAME.get(name)
}

/** Whether a field is an extension, which every level of a Compose file may have. */
export const isExtension = (name: string): boolean => name.startsWith('x-')
