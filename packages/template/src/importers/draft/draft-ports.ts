import type { Parameter } from '../../schema/parameter.ts'
import type { Port } from '../../schema/port.ts'
import { labelOf, unusedName } from '../component-name.ts'
import type { Draft, DraftPort } from './draft.ts'

/** The usual names of ports. */
const NAMES: Readonly<Record<number, string>> = {
  22: 'ssh',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  443: 'https',
  1433: 'mssql',
  1883: 'mqtt',
  2181: 'zookeeper',
  3000: 'http',
  3306: 'mysql',
  4222: 'nats',
  5000: 'http',
  5432: 'postgres',
  5672: 'amqp',
  6379: 'redis',
  8000: 'http',
  8080: 'http',
  8443: 'https',
  9090: 'http',
  9092: 'kafka',
  9200: 'elastic',
  11211: 'memcached',
  15672: 'http',
  27017: 'mongodb',
}
const HTTP = /^(https?|grpc-web|ws|wss)$/

/** The ports of all components, and a parameter for each port of the host, so that a site can choose another. */
export function draftPorts({ components }: Draft): { readonly ports: ReadonlyMap<string, readonly Port[]>; readonly parameters: readonly Parameter[] } {
  const parameters: Parameter[] = []
  const usedParameters = new Set<string>()
  const ports = new Map<string, Port[]>()
  for (const component of components) {
    const used = new Set<string>()
    const list = component.ports.map((draft): Port => {
      const name = unusedName(portName(draft), used, 15)
      used.add(name)
      const { port, protocol, published } = draft
      const base: Port = { name, port, ...(protocol === 'udp' ? { protocol } : {}) }
      if (published === undefined) return base
      const kind = protocol === 'udp' ? ('udp' as const) : isHttp(draft, name) ? ('http' as const) : ('tcp' as const)
      if (published.hostPort === undefined) return { ...base, public: { kind } }
      const parameter = unusedName(`${component.name}-${name}-port`, usedParameters, 64)
      usedParameters.add(parameter)
      parameters.push({ name: parameter, title: `Port of ${component.name} (${name})`, type: 'number', default: published.hostPort, min: 1, max: 65_535 })
      return { ...base, public: { kind, hostPort: `\${parameters.${parameter}}` } }
    })
    ports.set(component.name, list)
  }
  return { ports, parameters }
}

function portName({ name, port, protocol, speaks }: DraftPort): string {
  const wanted = name ?? (speaks !== undefined && /^https?$/.test(speaks) ? speaks : NAMES[port])
  return labelOf(wanted ?? `${protocol === 'udp' ? 'udp' : 'port'}-${port}`, 'port')
    .slice(0, 15)
    .replace(/-+$/, '')
}

function isHttp({ speaks }: DraftPort, name: string): boolean {
  return HTTP.test(speaks ?? name.replace(/-\d+$/, ''))
}
