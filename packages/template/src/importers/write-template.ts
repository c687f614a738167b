import { Document, isMap, isScalar, isSeq, visit, YAMLMap } from 'yaml'
import type { Template } from '../schema/template.ts'
import type { ImportNote } from './import-note.ts'

/** Short lists and mappings stand on one line of at most so many characters. */
const LINE = 110

/**
 * Writes a template as people write it: one line for what is short, with comments that say what an import
 * decided and what it left out. Holds no secrets, as notes hold none.
 * @param source where it came from, for the head of the file
 */
export function writeTemplate(template: Template, source: string, notes: readonly ImportNote[] = []): string {
  const document = new Document(template, { aliasDuplicateObjects: false })
  visit(document, {
    Collection(_key, node, path) {
      if (path.length > 2 && (isMap(node) || isSeq(node)) && isShort(node.toJSON())) node.flow = true
    },
    Pair(_key, pair) {
      if (isScalar(pair.key) && ['mode'].includes(String(pair.key.value)) && isScalar(pair.value)) pair.value.type = 'QUOTE_DOUBLE'
    },
  })
  const { contents } = document
  if (contents instanceof YAMLMap) {
    for (const section of ['parameters', 'modules', 'components', 'routes']) {
      const found = contents.items.find(({ key }) => isScalar(key) && key.value === section)
      if (found !== undefined && isScalar(found.key)) found.key.spaceBefore = true
    }
    const components = contents.get('components')
    if (isSeq(components)) {
      for (const [index, item] of components.items.entries()) {
        if (!isMap(item)) continue
        const about = notes.filter(({ component }) => component === item.get('name'))
        if (about.length > 0) item.commentBefore = about.map(comment).join('\n')
        if (index > 0) item.spaceBefore = true
      }
    }
  }
  const general = notes.filter(({ component }) => component === undefined || !template.components.some(({ name }) => name === component))
  document.commentBefore = [
    ` Made from ${source}. Read it through, change what is not right, and keep it:`,
    ' sealift publish takes it like one written by hand.',
    ...general.map(comment),
  ].join('\n')
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

const WORDS = { changed: 'changed', 'left-out': 'left out', secret: 'secret', warning: 'warning' } as const

/** A line of a comment: no text from outside may end it. */
function comment({ kind, subject, where, message }: ImportNote): string {
  return ` ${WORDS[kind]}: ${subject}${where === undefined ? '' : ` (${where})`}: ${message}`.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}

function isShort(value: unknown): boolean {
  return JSON.stringify(value).length <= LINE
}
