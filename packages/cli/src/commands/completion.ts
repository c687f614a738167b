import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@sealift/api/client.ts'
import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { jobRoutes } from '@sealift/api/routes/jobs.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { targetRoutes } from '@sealift/api/routes/targets.ts'
import { Argument, type Command } from 'commander'
import { candidates, type NameKind } from '../completion/candidates.ts'
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts'
import { connect } from '../connect.ts'
import { dataFolder, type GlobalOptions } from '../session.ts'

/** `sealift completion …` */
export function addCompletion(program: Command): void {
  const completion = program
    .command('completion')
    .summary('complete words in bash, zsh or fish')
    .description('Prints what a shell needs to complete commands, options, and the names of installations, components and releases.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
This shell:   source <(sealift completion bash)
All of bash:  sealift completion bash >/etc/bash_completion.d/sealift
zsh:          sealift completion zsh >"\${fpath[1]}/_sealift"
fish:         sealift completion fish >~/.config/fish/completions/sealift.fish`,
    )
    .action((shell: Shell, _options: unknown, command: Command) => {
      const script = completionScript(shell)
      process.stdout.write(command.optsWithGlobals<GlobalOptions>().json === true ? `${JSON.stringify({ shell, script })}\n` : script)
    })
  completion
    .command('candidates', { hidden: true })
    .description('Prints what could stand at the last of the words; asked by the shells.')
    .argument('[words...]', 'the words so far')
    .action(async (words: string[], _options: unknown, command: Command) => {
      const found = await candidates(program, words, async (kind, installation) => {
        const data = dataFolder(command.optsWithGlobals<GlobalOptions>())
        // A key pressed in a shell makes no data folder.
        if (!existsSync(join(data, 'sealift.db'))) return []
        await using connection = await connect({ data })
        return await namesOf(connection.client, kind, installation).catch(() => [])
      })
      process.stdout.write(found.map((word) => `${word}\n`).join(''))
    })
}

async function namesOf(client: Client, kind: NameKind, installation: string | undefined): Promise<readonly string[]> {
  const ofInstallation = { params: { name: installation ?? '' } }
  switch (kind) {
    case 'installation':
      return (await client.call(installationRoutes.listNames, {})).map(({ name }) => name)
    case 'component':
      return (await client.call(installationRoutes.listNames, {})).find(({ name }) => name === installation)?.components ?? []
    case 'revision':
      return (await client.call(installationRoutes.listRevisions, ofInstallation)).map(({ number }) => String(number))
    case 'release':
      return (await client.call(releaseRoutes.listReleases, { query: {} })).map(({ application, version }) => `${application}@${version}`)
    case 'application':
      return [...new Set((await client.call(releaseRoutes.listReleases, { query: {} })).map(({ application }) => application))]
    case 'job':
      return (await client.call(jobRoutes.listJobs, { query: { limit: 20 } })).map(({ id }) => String(id))
    case 'target':
      return (await client.call(targetRoutes.listTargets, {})).map(({ name }) => name)
    case 'environment':
      return (await client.call(targetRoutes.listEnvironments, {})).map(({ name }) => name)
    case 'secret':
      return []
  }
}
