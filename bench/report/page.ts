import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../../docs/performance.md')
const BEGIN = '<!-- begin: written by npm run bench -- --write -->'
const END = '<!-- end -->'

/** Puts a text between the markers of docs/performance.md. */
export function writePage(text: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END, begin)
  if (begin < 0 || end < 0) throw new Error(`${PAGE} has lost its markers: ${BEGIN} and ${END}`)
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`)
}
