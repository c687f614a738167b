import { isSealiftError } from '@sealift/oci/sealift-error.ts'
import type { Path, Problem } from '../problem.ts'
import type { Component } from '../schema/component.ts'
import type { Template } from '../schema/template.ts'

/** More problems than this help nobody, and a text of nothing but mistakes must not cost more than its reading. */
const MAX_PROBLEMS = 200

/** What every check has: the template, its components by name, and a place to report to. */
export class CheckContext {
  readonly template: Template
  readonly components: ReadonlyMap<string, Component>
  readonly #problems = new Map<string, Problem>()

  constructor(template: Template) {
    this.template = template
    this.components = new Map(template.components.map((component) => [component.name, component]))
  }

  /** Nothing more is collected: checks that cost much may end. */
  get isFull(): boolean {
    return this.#problems.size >= MAX_PROBLEMS
  }

  report(path: Path, message: string): void {
    this.add({ code: 'TEMPLATE_INVALID', path, message })
  }

  /** The same problem, met by two ways, is told once. */
  add(problem: Problem): void {
    if (!this.isFull) this.#problems.set(JSON.stringify([problem.path, problem.message]), problem)
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
