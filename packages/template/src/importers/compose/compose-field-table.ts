import { type ComposeField, type Fate, NESTED_FIELDS, SECTION_FIELDS, SERVICE_FIELDS } from './compose-fields.ts'

const WORDS: Readonly<Record<Fate, string>> = {
  carried: 'carried',
  changed: 'carried in another way',
  unneeded: 'not needed',
  'left-out': 'not carried, named',
  refused: '**refused**',
}

const TABLES: Readonly<Record<string, readonly ComposeField[]>> = { sections: SECTION_FIELDS, services: SERVICE_FIELDS, nested: NESTED_FIELDS }

function table(fields: readonly ComposeField[]): string {
  const rows = fields.map(({ field, fate, how }) => `| \`${field}\` | ${WORDS[fate]} | ${how.replaceAll('|', '\\|')} |`)
  return ['| field | | how, or why not |', '|---|---|---|', ...rows].join('\n')
}

/** The page with what stands between `<!-- compose NAME -->` and `<!-- end -->` replaced by the table of that name. */
export function withComposeTables(page: string): string {
  return page.replaceAll(/(<!-- compose ([a-z]+) -->\n)[^]*?(<!-- end -->)/g, (whole: string, begin: string, name: string, end: string) => {
    const fields = TABLES[name]
    return fields === undefined ? whole : `${begin}${table(fields)}\n${end}`
  })
}
