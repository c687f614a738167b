import type { Dependency } from './schema/dependency.ts'
import type { Template } from './schema/template.ts'

/** What must be so of the other component before one that depends on it starts, defaults filled in. */
export function waitOf({ component, wait }: Dependency, template: Template): 'healthy' | 'completed' | 'none' {
  if (wait !== undefined) return wait
  const workload = template.components.find(({ name }) => name === component)?.workload
  if (workload === 'job') return 'completed'
  return workload === 'cron' || workload === 'external' ? 'none' : 'healthy'
}
