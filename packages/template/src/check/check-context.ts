import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Path, Problem } from '../problem.ts'
import type { Component } from '../schema/component.ts'
import type { Template } from '../schema/template.ts'

/** What every check has: the template, its components by name, and a place to report to. */
export class CheckContext {
  readonly template: Template
  readonly components: ReadonlyMap<string, Component>
  readonly #problems = new Map<string, Problem>()

  constructor(template: Template) {
    this.template = template
    this.components = new Map(template.components.map((component) => [component.name, component]))
  }

  report(path: Path, message: string): void {
    this.add({ code: 'TEMPLATE_INVALID', path, message })
  }

  /** The same problem, met by two ways, is told once. */
  add(problem: Problem): void {
    this.#problems.set(JSON.stringify([problem.path, problem.message]), problem)
  }

  /** Runs a parser of a text from the template, and reports what it throws. */
  attempt<Result>(path: Path, parse: () => Result): Result | undefined {
    try {
      return parse()
    } catch (thrown) {
      if (!isSealiftError(thrown)) throw thrown
      this.report(path, `${thrown.message}. ${thrown.hint}`)
      return undefined
    }
  }

  get problems(): readonly Problem[] {
    return [...this.#problems.values()]
  }
}
