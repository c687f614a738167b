const PATTERN = /^[a-z0-9*][a-z0-9._/*-]*$/

/** Whether a text can be a pattern of repositories: a name in which `*` stands for any characters, slashes too. */
export function isRepositoryPattern(text: string): boolean {
  return text.length <= 255 && PATTERN.test(text)
}

/** Whether a pattern covers a repository. Takes time in proportion to the lengths of both. */
export function coversRepository(pattern: string, repository: string): boolean {
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop()
  if (last === undefined) return pattern === repository
  if (!repository.startsWith(first)) return false
  let at = first.length
  for (const part of others) {
    const found = repository.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return repository.length - last.length >= at && repository.endsWith(last)
}
