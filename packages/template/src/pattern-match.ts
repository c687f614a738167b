import { createContext, Script } from 'node:vm'

/** Milliseconds after which a comparison is given up. Patterns that are not made to be slow take less than one. */
const TIME_LIMIT = 500

const COMPARISON = new Script('new RegExp(`^(?:${pattern})$`, "u").test(text)')

/**
 * Whether a whole text matches a regular expression. Both come from outside, and some expressions take
 * longer than anyone lives for a text of forty letters, so the comparison runs where it can be ended.
 * @returns `undecided` where it took too long, or where the expression is none that can be run
 */
export function matchesPattern(pattern: string, text: string): boolean | 'undecided' {
  try {
    return COMPARISON.runInContext(createContext({ pattern, text }), { timeout: TIME_LIMIT }) === true
  } catch {
    return 'undecided'
  }
}
