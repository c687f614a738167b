const FIELDS = [
  { name: 'minute', min: 0, max: 59, words: [] },
  { name: 'hour', min: 0, max: 23, words: [] },
  { name: 'day of the month', min: 1, max: 31, words: [] },
  { name: 'month', min: 1, max: 12, words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] },
  { name: 'weekday', min: 0, max: 7, words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
] as const

function itemFits(item: string, { min, max, words }: (typeof FIELDS)[number]): boolean {
  const parts = /^(\*|[0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?(?:\/([0-9]{1,2}))?$/.exec(item.toUpperCase())
  if (parts === null) return false
  const [, from, to, step] = parts
  const names: readonly string[] = words
  const number = (text: string): number => {
    const position = names.indexOf(text)
    return position < 0 ? Number(text) : position + min
  }
  const within = (value: number): boolean => value >= min && value <= max
  if (step !== undefined && Number(step) < 1) return false
  if (from === undefined || from === '*') return to === undefined
  return within(number(from)) && (to === undefined || (within(number(to)) && number(from) <= number(to)))
}

/** Why a text is no cron schedule of five fields, or undefined where it is one. */
export function scheduleFault(text: string): string | undefined {
  const given = text.trim().split(/\s+/)
  if (given.length !== FIELDS.length) return `has ${given.length} fields, expected five: minute hour day month weekday, such as "0 3 * * *"`
  for (const [position, field] of FIELDS.entries()) {
    const wrong = (given[position] ?? '').split(',').find((item) => !itemFits(item, field))
    if (wrong !== undefined)
      return `${JSON.stringify(wrong)} is no ${field.name}; expected ${field.min} to ${field.max}, *, a range such as 1-5, or steps such as */2`
  }
  return undefined
}

/** Why a text is no time zone, or undefined where it is one. */
export function timezoneFault(text: string): string | undefined {
  try {
    Intl.DateTimeFormat('en', { timeZone: text })
    return undefined
  } catch {
    return `${JSON.stringify(text)} is no time zone; expected a name such as Europe/Berlin or UTC`
  }
}
