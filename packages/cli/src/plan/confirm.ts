import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'

/** Asks a person before something is done; where nobody sits at a terminal, the command itself is the answer. */
export async function confirm(question: string, { yes }: { readonly yes: boolean }): Promise<boolean> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return true
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-C and the end of the input close the prompt without an answer.
    const answer = await Promise.race([prompt.question(`${question} [y/N] `), once(prompt, 'close').then(() => '')])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    prompt.close()
  }
}
