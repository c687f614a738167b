import { moduleRequires } from '../module-requires.ts'
import type { CheckContext } from './check-context.ts'

/** A module that is off by default is not needed by what is always there. */
export function checkModules(context: CheckContext): void {
  const { template } = context
  const needed = moduleRequires(template, undefined)
  for (const [position, module] of (template.modules ?? []).entries()) {
    if (module.default !== false || !needed.has(module.name)) continue
    context.report(
      ['modules', position, 'default'],
      `module ${module.name} is off at first, but a component outside any module depends on it. Write optional: true at that dependency, or default: true here.`,
    )
  }
}
