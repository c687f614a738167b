import type { Dependency } from './schema/dependency.ts'
import type { Template } from './schema/template.ts'

/** What must be so of the other component before one that depends on it starts, defaults filled in. */
export function waitOf({ component, wait }: Dependency, template: Template): 'healthy' | 'completed' | 'none' {
  if (wait !== undefined) return wait
  switch (template.components.find(({ name }) => name === component)?.workload) {
    case 'job':
      return 'completed'
    case 'cron':
    case 'external':
      return 'none'
    default:
      return 'healthy'
  }
}
