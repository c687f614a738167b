import { isUtf8 } from 'node:buffer'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Expression, parseExpression } from './expression.ts'
import type { ValueName } from './value-name.ts'

/** Gives the value of a name, or throws. */
export type Lookup = (name: ValueName) => string

/**
 * The text with every name replaced. What `lookup` returns is put in as it is: it is never read for names again.
 * @throws SealiftError `EXPRESSION_INVALID`, and whatever `lookup` throws
 */
export function substitute(expression: Expression | string, lookup: Lookup): string {
  const { parts } = typeof expression === 'string' ? parseExpression(expression) : expression
  return parts.map((part) => (typeof part === 'string' ? part : lookup(part))).join('')
}

/**
 * The expression that the content of a file with `template: true` is.
 * @param what names the file in errors
 * @throws SealiftError `EXPRESSION_INVALID`, also where the content is not UTF-8
 */
export function parseFileExpression(content: Uint8Array, what: string): Expression {
  if (!isUtf8(content)) {
    throw new SealiftError('EXPRESSION_INVALID', `${what}: a file with template: true must be UTF-8 text, and this one is not`, {
      hint: 'Save it as UTF-8, or leave template out: then it is delivered byte for byte.',
    })
  }
  try {
    return parseExpression(Buffer.from(content).toString('utf8'))
  } catch (thrown) {
    if (!(thrown instanceof SealiftError)) throw thrown
    throw new SealiftError('EXPRESSION_INVALID', `${what}: ${thrown.message}`, { hint: thrown.hint, cause: thrown })
  }
}

/** As {@link substitute}, for the content of a file. Line ends and a byte order mark stay as they are. */
export function substituteBytes(content: Uint8Array, lookup: Lookup, what: string): Buffer {
  return Buffer.from(substitute(parseFileExpression(content, what), lookup), 'utf8')
}
