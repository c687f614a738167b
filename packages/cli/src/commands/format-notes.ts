import type { ImportNote } from '@sealift/api/publication.ts'
import { wrap } from '../terminal/columns.ts'

const TITLES = {
  warning: 'Look at this:',
  secret: 'Secrets (their values are in no release):',
  changed: 'Carried in another way:',
  'left-out': 'Not carried:',
} as const

/** What an import decided, by kind, readable in 80 columns. */
export function formatNotes(notes: readonly ImportNote[]): string[] {
  return Object.entries(TITLES).flatMap(([kind, title]) => {
    const list = notes.filter((note) => note.kind === kind)
    if (list.length === 0) return []
    return [
      title,
      ...list.flatMap(({ subject, where, message }) => {
        const [first = '', ...rest] = wrap(`${subject}${where === undefined ? '' : ` (${where})`}: ${message}`, 74)
        return [`  - ${first}`, ...rest.map((line) => `    ${line}`)]
      }),
      '',
    ]
  })
}
