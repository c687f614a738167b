import { CheckContext } from './check/check-context.ts'
import { checkCycles } from './check/check-cycles.ts'
import { checkExpressions, valueNameFault } from './check/check-expressions.ts'
import { checkGenerated } from './check/check-generated.ts'
import { checkModules } from './check/check-modules.ts'
import { checkNames } from './check/check-names.ts'
import { checkParameters } from './check/check-parameters.ts'
import { checkPaths } from './check/check-paths.ts'
import { checkPorts } from './check/check-ports.ts'
import { checkQuantities } from './check/check-quantities.ts'
import { checkReferences } from './check/check-references.ts'
import { checkSecrets } from './check/check-secrets.ts'
import { checkVariables } from './check/check-variables.ts'
import { checkWorkloads } from './check/check-workloads.ts'
import { namesIn } from './expression.ts'
import type { Problem } from './problem.ts'
import type { Template } from './schema/template.ts'
import { parseFileExpression } from './substitution.ts'

const CHECKS = [
  checkNames,
  checkReferences,
  checkExpressions,
  checkCycles,
  checkVariables,
  checkGenerated,
  checkModules,
  checkParameters,
  checkPaths,
  checkPorts,
  checkWorkloads,
  checkQuantities,
  checkSecrets,
]

/** Everything in which a template that fits the schema contradicts itself. */
export function checkTemplate(template: Template): readonly Problem[] {
  const context = new CheckContext(template)
  for (const check of CHECKS) check(context)
  return context.problems
}

/**
 * What is wrong with the content of a file that a component gets with `template: true`.
 * The template can't be checked for it on its own: the content lies beside it.
 * @param component the component that gets the file, directly or by a configuration group
 */
export function checkFileContent(template: Template, component: string, source: string, content: Uint8Array): readonly Problem[] {
  const context = new CheckContext(template)
  const position = template.components.findIndex(({ name }) => name === component)
  const at = template.components[position]?.files?.findIndex((file) => file.source === source) ?? -1
  const path = at < 0 ? ['components', position, 'configurationGroups'] : ['components', position, 'files', at, 'source']
  const expression = context.attempt(path, () => parseFileExpression(content, source))
  for (const name of expression === undefined ? [] : namesIn(expression)) {
    const fault = valueNameFault(template, name, component)
    if (fault !== undefined) context.report(path, `${source}: \${${name.text}}: ${fault}`)
  }
  return context.problems
}
