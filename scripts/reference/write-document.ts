import { readFile, writeFile } from 'node:fs/promises'

/** Writes a generated page, or with `--check` says whether the one on disk is current. `command` makes it anew. */
export async function writeDocument(path: string, text: string, command: string): Promise<void> {
  const url = new URL(`../../${path}`, import.meta.url)
  const current = (await readFile(url, 'utf8').catch(() => '')) === text
  if (current) console.log(`${path} is current.`)
  else if (process.argv.includes('--check')) {
    console.error(`${path} is not what the program says. Write it anew with: ${command}`)
    process.exitCode = 1
  } else {
    await writeFile(url, text)
    console.log(`Wrote ${path}.`)
  }
}
