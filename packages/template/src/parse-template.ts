import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { checkTemplate } from './check-template.ts'
import { formatPath, type Problem } from './problem.ts'
import { type Template, TemplateSchema } from './schema/template.ts'
import { schemaProblems } from './schema-problems.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** A problem with its place, as `details.problems` of the error has it. */
export interface LocatedProblem {
  readonly code: Problem['code']
  /** `components[2].env[0].value`; empty for the whole file. */
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
  /** For `SECRET_LITERAL`: the name by which it is allowed. */
  readonly name?: string
}

export interface ParseTemplateOptions {
  /** Literals that look like secrets and are none, by name: `COMPONENT/VARIABLE`. */
  readonly allowSecrets?: readonly string[]
}

/** More lines than this help nobody; `details.problems` has all. */
const SHOWN = 20

function located({ code, path, message, atKey, name }: Problem, source: YamlSource): LocatedProblem {
  return { code, path: formatPath(path), ...source.locate(path, atKey), message, ...(name === undefined ? {} : { name }) }
}

function refusal(problems: readonly LocatedProblem[], fileName: string): SealiftError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const lines = sorted.slice(0, SHOWN).map(({ path, line, column, message }) => `${fileName}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`)
  if (sorted.length > SHOWN) lines.push(`… and ${sorted.length - SHOWN} more.`)
  const code = problems.every((problem) => problem.code === 'SECRET_LITERAL') ? 'SECRET_LITERAL' : 'TEMPLATE_INVALID'
  return new SealiftError(code, lines.join('\n'), { details: { file: fileName, problems: sorted } })
}

/**
 * Reads a template from YAML 1.2 and checks all that can be checked of it alone.
 * @param fileName names the file in errors
 * @throws SealiftError `TEMPLATE_INVALID`, with all problems in `details.problems` ({@link LocatedProblem}), each with
 * line, column and path; `SECRET_LITERAL` where nothing but literals that look like secrets is wrong
 */
export function parseTemplate(yamlText: string, fileName: string, { allowSecrets = [] }: ParseTemplateOptions = {}): Template {
  const source = readYaml(yamlText)
  if (source.faults.length > 0) {
    throw refusal(
      source.faults.map((fault) => ({ code: 'TEMPLATE_INVALID', path: '', ...fault })),
      fileName,
    )
  }
  const mismatches = schemaProblems(TemplateSchema, source.value, { written: (path) => source.written(path) })
  if (mismatches.length > 0) {
    throw refusal(
      mismatches.map((problem) => located(problem, source)),
      fileName,
    )
  }
  const template = source.value as Template
  const problems = checkTemplate(template).filter(({ code, name }) => code !== 'SECRET_LITERAL' || name === undefined || !allowSecrets.includes(name))
  if (problems.length === 0) return template
  throw refusal(
    problems.map((problem) => located(problem, source)),
    fileName,
  )
}
