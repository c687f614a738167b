import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import { namesIn, parseExpression } from '../expression.ts'
import type { Path } from '../problem.ts'
import type { CheckContext } from './check-context.ts'

function isNamed(text: string): boolean {
  try {
    return namesIn(parseExpression(text)).length > 0
  } catch (thrown) {
    // A malformed expression is reported as such; it is not a missing one.
    if (isSealiftError(thrown)) return true
    throw thrown
  }
}

/** No port is used twice, neither in a container nor on the host. */
export function checkPorts(context: CheckContext): void {
  const { template } = context
  const host = new Map<string, string>()
  const takeHost = (path: Path, port: number | string, transport: 'tcp' | 'udp', who: string): void => {
    const key = `${port}/${transport}`
    const before = host.get(key)
    if (before === undefined) host.set(key, who)
    else context.report(path, `port ${key} of the host is taken by ${before} already. Choose another, or leave hostPort out and the site picks a free one.`)
  }
  for (const [position, component] of template.components.entries()) {
    const inside = new Map<string, string>()
    for (const [at, { name, port, protocol = 'tcp', public: open }] of (component.ports ?? []).entries()) {
      const path = ['components', position, 'ports', at]
      const key = `${port}/${protocol}`
      const before = inside.get(key)
      if (before !== undefined)
        context.report([...path, 'port'], `component ${component.name}: ports ${before} and ${name} are both ${key}. Remove one of them.`)
      inside.set(key, name)
      if (open === undefined) continue
      if ((open.kind === 'udp') !== (protocol === 'udp')) {
        context.report([...path, 'public', 'kind'], `is ${open.kind}, but the port speaks ${protocol}. Make them agree.`)
      }
      if (open.hostPort === undefined) continue
      const at2 = [...path, 'public', 'hostPort']
      if (typeof open.hostPort === 'string' && !isNamed(open.hostPort)) {
        context.report(at2, `expected a number without quotes or \${parameters.X}, found ${JSON.stringify(open.hostPort)}.`)
      } else takeHost(at2, open.hostPort, protocol, `port ${name} of component ${component.name}`)
    }
  }
  for (const [position, { tcp }] of (template.routes ?? []).entries()) {
    if (tcp !== undefined) takeHost(['routes', position, 'tcp', 'port'], tcp.port, 'tcp', `route ${position}`)
  }
}
