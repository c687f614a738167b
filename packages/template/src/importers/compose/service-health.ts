import type { DraftHealth } from '../draft/draft.ts'
import { draftHealth, healthCommand } from '../draft/engine-health.ts'
import type { ServiceContext } from './service-context.ts'
import { composeDuration } from './service-settings.ts'
import { asBoolean, asItems, asNumber, asText, member } from './tree.ts'

/** The health check of a service: its own, laid over the image's. @throws SealiftError `COMPOSE_INVALID` */
export function serviceHealth(context: ServiceContext): DraftHealth | undefined {
  const inherited = draftHealth(context.image.facts?.health)
  const tree = context.get('healthcheck')
  if (tree === undefined) return inherited
  const disable = member(tree, 'disable')
  if (disable !== undefined && asBoolean(disable, 'healthcheck.disable')) return undefined
  const test = member(tree, 'test')
  const exec = test === undefined ? inherited?.exec : healthCommand(asItems(test, 'healthcheck.test').map((item) => asText(item, 'healthcheck.test')))
  if (exec === undefined) return undefined
  const seconds = (key: string, fallback: number): number => {
    const value = member(tree, key)
    return value === undefined ? fallback : composeDuration(value, `healthcheck.${key}`)
  }
  const retries = member(tree, 'retries')
  const startInterval = member(tree, 'start_interval')
  return {
    exec,
    interval: seconds('interval', inherited?.interval ?? 30),
    timeout: seconds('timeout', inherited?.timeout ?? 30),
    retries: retries === undefined ? (inherited?.retries ?? 3) : asNumber(retries, 'healthcheck.retries'),
    startPeriod: seconds('start_period', inherited?.startPeriod ?? 0),
    ...(startInterval === undefined ? {} : { startInterval: composeDuration(startInterval, 'healthcheck.start_interval') }),
  }
}
