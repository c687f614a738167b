const DURATION_UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 }

/** Reads a duration as Compose and Go write it, `1m30s`; a bare number is seconds. In seconds; undefined where it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  if (!/^(\d+(\.\d+)?(h|ms|us|µs|ns|m|s))+$/.test(text)) return undefined
  let seconds = 0
  for (const [, number, , unit = ''] of text.matchAll(/(\d+(\.\d+)?)(h|ms|us|µs|ns|m|s)/g)) seconds += Number(number) * (DURATION_UNITS[unit] ?? 0)
  return seconds
}

/** Seconds as a template writes them: `1m30s`, `500ms`. */
export function formatTemplateDuration(seconds: number): string {
  const milliseconds = Math.max(0, Math.round(seconds * 1000))
  if (milliseconds % 1000 !== 0) return milliseconds < 1000 ? `${milliseconds}ms` : `${Math.floor(milliseconds / 1000)}s${milliseconds % 1000}ms`
  const whole = milliseconds / 1000
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const text = `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${rest > 0 ? `${rest}s` : ''}`
  return text === '' ? '0s' : text
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Reads a size as Compose writes it: `512m`, `1.5gb`, `64k`, a bare number is bytes; powers of 1024. Undefined where it is none. */
export function parseComposeSize(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)\s*([bkmgt])?i?b?$/i.exec(text.trim())
  if (parts === null) return undefined
  return Math.round(Number(parts[1]) * (SIZE_UNITS[(parts[2] ?? '').toLowerCase()] ?? 1))
}

/** Bytes as a template writes them: in the largest unit of 1024 that leaves no rest. */
export function formatTemplateSize(bytes: number): string {
  for (const [unit, factor] of [
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}

/** Cores as a template writes them: `"2"`, `500m`. */
export function formatTemplateCpu(cores: number): string {
  return Number.isInteger(cores) ? String(cores) : `${Math.max(1, Math.round(cores * 1000))}m`
}
