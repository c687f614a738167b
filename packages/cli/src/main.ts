import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { CommanderError } from 'commander'
import { createProgram } from './program.ts'
import { reportFailure } from './session.ts'

// Node still calls its own SQLite experimental; that is no news for whoever runs a command.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') console.error(`${warning.name}: ${warning.message}`)
})
// A reader that ends early, like `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// Progress that nobody reads any more is no reason to give the work up.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

async function main(): Promise<void> {
  const json = process.argv.includes('--json')
  try {
    const words = process.argv.slice(2)
    await createProgram().parseAsync(words[0] === '--version' ? ['-V'] : words, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) reportFailure(thrown, json)
    else if (thrown.exitCode !== 0) reportFailure(new SealiftError('USAGE', thrown.message.replace(/^error: /, '')), json)
  }
}

void main()
