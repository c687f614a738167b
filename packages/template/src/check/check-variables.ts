import { injectedValues } from '../injected-values.ts'
import type { Path } from '../problem.ts'
import type { Dependency } from '../schema/dependency.ts'
import type { EnvVariable } from '../schema/env-variable.ts'
import type { CheckContext } from './check-context.ts'

interface Source {
  readonly from: string
  readonly path: Path
}

function collisions(
  context: CheckContext,
  who: string,
  groups: readonly { readonly name: string; readonly env?: readonly EnvVariable[]; readonly path: Path }[],
  own: { readonly env: readonly EnvVariable[] | undefined; readonly path: Path },
  dependsOn: { readonly list: readonly Dependency[] | undefined; readonly path: Path },
): void {
  const sources = new Map<string, Source>()
  const add = (variable: string, source: Source): void => {
    const before = sources.get(variable)
    if (before === undefined) sources.set(variable, source)
    else if (before.from !== source.from) {
      const wayOut = dependsOn.list?.length ? 'Give a dependency a prefix or inject: false, or rename the variable.' : 'Rename one of them, or leave one out.'
      context.report(source.path, `${who}: variable ${variable} comes from ${before.from} and from ${source.from}. ${wayOut}`)
    }
  }
  for (const { name } of own.env ?? []) add(name, { from: 'its own env', path: own.path })
  for (const { name, env, path } of groups) for (const variable of env ?? []) add(variable.name, { from: `configuration group ${name}`, path })
  for (const { variable, component, position } of injectedValues(context.template, dependsOn.list)) {
    add(variable, { from: `dependency ${component}`, path: [...dependsOn.path, position] })
  }
}

/** Each variable of a container comes from one place only. */
export function checkVariables(context: CheckContext): void {
  const { template } = context
  for (const [position, { name, env, dependsOn, configurationGroups }] of template.components.entries()) {
    const path = ['components', position]
    const groups = (template.configurationGroups ?? [])
      .filter((group) => configurationGroups?.includes(group.name))
      .map((group) => ({ ...group, path: [...path, 'configurationGroups'] }))
    collisions(context, `component ${name}`, groups, { env, path: [...path, 'env'] }, { list: dependsOn, path: [...path, 'dependsOn'] })
  }
  for (const [position, { name, env, dependsOn }] of (template.checks ?? []).entries()) {
    const path = ['checks', position]
    collisions(context, `check ${name}`, [], { env, path: [...path, 'env'] }, { list: dependsOn, path: [...path, 'dependsOn'] })
  }
}
