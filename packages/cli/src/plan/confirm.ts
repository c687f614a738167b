import { createInterface } from 'node:readline/promises'

/** Asks a person before something is done; where nobody sits at a terminal, the command itself is the answer. */
export async function confirm(question: string, { yes }: { readonly yes: boolean }): Promise<boolean> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return true
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
