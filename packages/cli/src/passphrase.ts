import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { SealiftError, toSealiftError } from '@sealift/oci/sealift-error.ts'

/** More is no passphrase but a wrong file. */
const LONGEST = 1024

/**
 * The passphrase of a backup: the first line of a file, or what is typed, which is not shown.
 * @param twice asks again, since nobody can open what was made with a slip of the finger
 * @throws SealiftError `USAGE`, `FILE_NOT_FOUND`, `FILE_DENIED`
 */
export async function readPassphrase(file: string | undefined, { twice }: { readonly twice: boolean }): Promise<string> {
  if (file !== undefined) return firstLine(file)
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new SealiftError('USAGE', 'a passphrase is needed, and there is no terminal to ask on', {
      hint: 'Put it into a file and pass --passphrase-file FILE.',
    })
  }
  const typed = await ask('Passphrase of the backup: ')
  if (twice && (await ask('Once more: ')) !== typed) throw new SealiftError('USAGE', 'the two passphrases are not the same')
  return typed
}

async function firstLine(file: string): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (thrown) {
    throw toSealiftError(thrown, `reading the passphrase from ${file}`)
  }
  const [line = ''] = text.split(/\r?\n/, 1)
  if (line === '' || line.length > LONGEST) throw new SealiftError('USAGE', `${file}: expected a passphrase of at most ${LONGEST} characters in the first line`)
  return line
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question)
  // What is typed is echoed here, and so nowhere.
  const nowhere = new Writable({ write: (_bytes, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
