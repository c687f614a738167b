/** Variables whose whole value may be the name of a host. */
const HOST_VARIABLE = /HOST|ADDR|SERVER|ENDPOINT|BROKER|UPSTREAM|BACKEND|SERVICE|NODE|PEER|URL|URI|DSN|REMOTE|TARGET|MASTER|PRIMARY|LEADER|DATABASE_NAME_HOST/i

export interface Mention {
  readonly start: number
  readonly end: number
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * Where a text names a host: as the authority of a URL, before a port, or as the whole value of a variable
 * that is about hosts. A word that merely is the same is none.
 * @param variable the name of the variable whose value the text is
 */
export function hostMentions(text: string, host: string, variable?: string): Mention[] {
  const mentions: Mention[] = []
  const name = escaped(host)
  const patterns = [
    new RegExp(`(?<=//|@)${name}(?=[:/?#,]|$|["'\\s])`, 'g'),
    new RegExp(`(?<![\\w./:@-])${name}(?=:\\d{1,5}(?!\\d))`, 'g'),
    // Behind an option or a keyword of a configuration file: --host db, -h db, host=db, server db;
    new RegExp(`(?<=(?:^|[\\s;,"'])(?:--?(?:host|h|server|url|addr|address)[= ]|(?:host|server|hostname)=))${name}(?=$|[\\s;,"'])`, 'gi'),
  ]
  for (const pattern of patterns) for (const { index } of text.matchAll(pattern)) mentions.push({ start: index, end: index + host.length })
  if (variable !== undefined && HOST_VARIABLE.test(variable)) {
    for (const { index } of text.matchAll(new RegExp(`(?<=^|,\\s?)${name}(?=$|,)`, 'g'))) mentions.push({ start: index, end: index + host.length })
  }
  const unique = new Map(mentions.map((mention) => [mention.start, mention]))
  return [...unique.values()].toSorted((a, b) => a.start - b.start)
}

/** Whether an argument of a command says that the next one is a host. */
export function expectsHost(argument: string | undefined): boolean {
  return argument !== undefined && /^--?([a-z-]*host(name)?|h|[a-z-]*server|[a-z-]*addr(ess)?|[a-z-]*url|[a-z-]*endpoint)$/i.test(argument)
}
