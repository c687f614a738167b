/** What a unit of systemd is made from. */
export interface UnitOptions {
  /** The program and the words before its own: one file, or Node with the checkout's. */
  readonly program: readonly string[]
  readonly data: string
  readonly listen?: string
  /** Variables that the program is to have, like DOCKER_HOST. */
  readonly environment: Readonly<Record<string, string>>
  /** A unit of a user's own rather than of the machine. */
  readonly user: boolean
}

/** The first line of a unit that Sealift wrote: only such a one is replaced or removed. */
export const UNIT_MARK = '# Written by sealift service install.'

/** A value as systemd reads it back: quoted, with its own special characters doubled. */
function quoted(text: string, special: RegExp): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll(special, '$&$&')}"`
}

/** A word of ExecStart, where also the dollar sign is special. */
const word = (text: string): string => (/^[A-Za-z0-9_./:@=,+-]+$/.test(text) ? text : quoted(text, /[%$]/g))

const setting = (text: string): string => quoted(text, /%/g)

/**
 * What a service of the machine may do. It writes backups and exports wherever it is told to and reads
 * what is carried in, so that places of its own for these would only be in the way.
 */
const HARDENING = [
  'NoNewPrivileges=yes',
  'ProtectSystem=full',
  'ProtectKernelTunables=yes',
  'ProtectKernelModules=yes',
  'ProtectControlGroups=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'RestrictSUIDSGID=yes',
  'RestrictRealtime=yes',
  'RestrictNamespaces=yes',
  'LockPersonality=yes',
  'SystemCallArchitectures=native',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  // Other users' files are read and written; probes that hang are killed.
  'CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_KILL CAP_NET_BIND_SERVICE',
]

/** The text of a unit that runs the server for good. */
export function unitText({ program, data, listen, environment, user }: UnitOptions): string {
  const command = [...program, 'up', '--data', data, ...(listen === undefined ? [] : ['--listen', listen])]
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${setting(`${name}=${value}`)}`)
  return `${[
    UNIT_MARK,
    '[Unit]',
    // A name may hold anything; a line here may not.
    `Description=Sealift on ${data.replaceAll(/[^\p{L}\p{N}/._ -]/gu, '?')}`,
    // The engine may be another one, or come later: its absence is waited out, not failed on.
    ...(user ? [] : ['Wants=network-online.target', 'After=network-online.target docker.service podman.socket']),
    '',
    '[Service]',
    'Type=notify',
    'NotifyAccess=all',
    `ExecStart=${command.map(word).join(' ')}`,
    ...variables,
    'UMask=0077',
    'Restart=on-failure',
    'RestartSec=5',
    // Only the program is told to end, and puts down what it does; what it runs ends with it.
    'KillMode=mixed',
    'TimeoutStartSec=15min',
    'TimeoutStopSec=5min',
    ...(user ? [] : HARDENING),
    '',
    '[Install]',
    `WantedBy=${user ? 'default.target' : 'multi-user.target'}`,
  ].join('\n')}\n`
}
