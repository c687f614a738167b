import { GENERATED_LENGTH, type Generate } from '../schema/generate.ts'
import type { CheckContext } from './check-context.ts'

/** Connection values have one origin, and those of a group are alike. */
export function checkGenerated(context: CheckContext): void {
  const groups = new Map<string, { readonly who: string; readonly generate: Generate }>()
  for (const [position, component] of context.template.components.entries()) {
    for (const [at, { name, value, generate }] of (component.connection ?? []).entries()) {
      const path = ['components', position, 'connection', at]
      if (value !== undefined && generate !== undefined) context.report([...path, 'generate'], `${name} has both a value and generate. Remove one of them.`)
      if (value === undefined && generate === undefined) context.report(path, `${name} has no value. Give it value or generate.`)
      if (generate?.group === undefined) continue
      const who = `${component.name}/${name}`
      const first = groups.get(generate.group)
      if (first === undefined) groups.set(generate.group, { who, generate })
      else {
        const differs =
          (first.generate.length ?? GENERATED_LENGTH.default) !== (generate.length ?? GENERATED_LENGTH.default) ||
          (first.generate.alphabet ?? 'alphanumeric') !== (generate.alphabet ?? 'alphanumeric')
        if (differs) {
          context.report(
            [...path, 'generate'],
            `group ${generate.group} is one value, but ${first.who} and ${who} want different lengths or alphabets. Make them equal, or use two groups.`,
          )
        }
      }
    }
  }
}
