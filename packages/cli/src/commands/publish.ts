import { resolve } from 'node:path'
import { resultOf } from '@sealift/api/job.ts'
import type { PublicationPreview, PublishRequest } from '@sealift/api/publication.ts'
import type { Published } from '@sealift/api/published.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect, parseAssignments } from '../assignments.ts'
import { followJob } from '../follow-job.ts'
import { inSession } from '../session.ts'
import { formatBytes } from '../terminal/units.ts'
import { formatNotes } from './format-notes.ts'

interface PublishOptions {
  readonly version?: string
  readonly fromCompose: readonly string[]
  readonly fromRunning?: string | true
  readonly containers?: readonly string[]
  readonly fromInstallation?: string
  readonly name?: string
  readonly var: readonly string[]
  readonly envFile: readonly string[]
  readonly profile: readonly string[]
  readonly allowFolder: readonly string[]
  readonly secret: readonly string[]
  readonly leaveOut: readonly string[]
  readonly outTemplate?: string
  readonly dryRun?: true
  readonly images: 'auto' | 'engine' | 'registry'
  readonly engine?: string
  readonly insecureRegistry: readonly string[]
  readonly allowSecret: readonly string[]
  readonly components?: readonly string[]
  readonly base?: string
}

/** `sealift publish` */
export function addPublish(program: Command): void {
  program
    .command('publish')
    .summary('make a signed release out of a template, or of what exists')
    .description(
      'Makes a signed release: every image and file is pinned by its digest and kept in the library. It is made out of a template, or of what exists already: a Compose project, containers that run, an installation.',
    )
    .argument('[template]', 'the template file, like bookshop.yaml')
    .option('--version <v>', 'the version; instead of the one in the template')
    .optionsGroup('Instead of a template:')
    .option('--from-compose <file>', 'a Compose file, or the folder with it; repeat it to lay files over one another', collect, [])
    .option('--from-running [project]', 'the containers of a Compose project, or those that --containers names')
    .option('--containers <names>', 'with --from-running: these containers, like db,web', names)
    .option('--from-installation <name>', 'the release of an installation, with what the site changed')
    .option('--name <app>', 'the name of the application')
    .option('--out-template <dir>', 'also write the template and its files into this folder, to keep and edit')
    .option('--secret <c/NAME=choice>', 'what becomes of a secret: generate, parameter or keep-literal', collect, [])
    .option('--leave-out <c[/setting]>', 'go on without a component or a setting that can not be carried', collect, [])
    .option('--var <name[=value]>', 'a variable of the Compose file; without a value that of this shell', collect, [])
    .option('--env-file <file>', 'variables of the Compose file, instead of .env', collect, [])
    .option('--profile <name>', 'a profile of the Compose file whose module is on at first', collect, [])
    .option('--allow-folder <dir>', 'the Compose file may take files from this folder too', collect, [])
    .optionsGroup('Only a part:')
    .option('--components <names>', 'publish only these anew, like web,orders; the others come from the base by digest', names)
    .option('--base <version>', 'with --components: the release that the others come from (default: the newest)')
    .optionsGroup('Images and more:')
    .addOption(
      new Option('--images <from>', 'auto: the engine where it has them, else their registries; engine; registry')
        .choices(['auto', 'engine', 'registry'])
        .default('auto'),
    )
    .option('--engine <address>', 'the engine that has the images (default: $DOCKER_HOST or unix:///var/run/docker.sock)')
    .option('--insecure-registry <host>', 'ask this registry by plain HTTP; may be repeated', collect, [])
    .option('--allow-secret <component/VARIABLE>', 'publish this literal though it looks like a secret; may be repeated', collect, [])
    .option('--dry-run', 'show the template and what was decided, and publish nothing')
    .addHelpText(
      'after',
      `
Examples:
  sealift publish bookshop.yaml
  sealift publish bookshop.yaml --components web,orders --base 3.0.0
  sealift publish bookshop.yaml --images registry --insecure-registry lab:5000
  sealift publish --from-compose . --name shop --version 1.0 --dry-run
  sealift publish --from-compose . --name shop --version 1.0 --out-template x
  sealift publish --from-running shop --name shop --version 1.0
  sealift publish --from-running --containers db,web --name shop --version 1.0
  sealift publish --from-installation shop --version 1.1`,
    )
    .action(async (template: string | undefined, options: PublishOptions, command: Command) => {
      await inSession(command, async (session) => {
        const body = requestOf(template, options)
        if (options.dryRun === true) {
          const preview = await session.client.call(releaseRoutes.previewPublication, { body })
          session.answer(preview, ({ template: text }) => text)
          if (!session.json) session.say(formatPreview(preview))
          return
        }
        const job = await session.client.call(releaseRoutes.publish, { body })
        session.answer(resultOf(await followJob(session, job), 'publish'), formatPublished)
      })
    })
}

function requestOf(template: string | undefined, options: PublishOptions): PublishRequest {
  const { fromCompose, fromRunning, fromInstallation, containers, name, version, outTemplate, engine, components, base } = options
  const compose = fromCompose.length > 0
  for (const [option, given] of [
    ['--var', options.var],
    ['--env-file', options.envFile],
    ['--profile', options.profile],
    ['--allow-folder', options.allowFolder],
  ] as const) {
    if (given.length > 0 && !compose) throw new SealiftError('USAGE', `${option} is for --from-compose`)
  }
  if (containers !== undefined && fromRunning === undefined) throw new SealiftError('USAGE', '--containers is for --from-running')
  return {
    ...(template === undefined ? {} : { template: resolve(template) }),
    ...(compose
      ? {
          fromCompose: {
            files: fromCompose.map((file) => resolve(file)),
            variables: variablesOf(options.var),
            ...(options.envFile.length === 0 ? {} : { envFiles: options.envFile.map((file) => resolve(file)) }),
            profiles: [...options.profile],
            folders: options.allowFolder.map((folder) => resolve(folder)),
          },
        }
      : {}),
    ...(fromRunning === undefined
      ? {}
      : { fromRunning: { ...(fromRunning === true ? {} : { project: fromRunning }), ...(containers === undefined ? {} : { containers: [...containers] }) } }),
    ...(fromInstallation === undefined ? {} : { fromInstallation }),
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(options.secret.length === 0 ? {} : { secrets: choicesOf(options.secret) }),
    ...(options.leaveOut.length === 0 ? {} : { leaveOut: [...options.leaveOut] }),
    ...(outTemplate === undefined ? {} : { outTemplate: resolve(outTemplate) }),
    images: options.images,
    ...(engine === undefined ? {} : { engine }),
    insecureRegistries: [...options.insecureRegistry],
    allowSecrets: [...options.allowSecret],
    ...(components === undefined ? {} : { components: [...components] }),
    ...(base === undefined ? {} : { base }),
  }
}

/** Variables that were named; one without a value is taken from this shell, and no other: what a release holds shall not depend on where it is made. */
function variablesOf(words: readonly string[]): Record<string, string> {
  return parseAssignments(
    words.map((word) => {
      if (word.includes('=')) return word
      const value = process.env[word]
      if (value === undefined) throw new SealiftError('USAGE', `--var ${word}: it has no value, and this shell has none either`)
      return `${word}=${value}`
    }),
    '--var',
  )
}

const CHOICES = ['generate', 'parameter', 'keep-literal'] as const

function choicesOf(words: readonly string[]): Record<string, (typeof CHOICES)[number]> {
  return Object.fromEntries(
    Object.entries(parseAssignments(words, '--secret')).map(([name, text]) => {
      const choice = CHOICES.find((each) => each === text)
      if (choice === undefined) throw new SealiftError('USAGE', `--secret ${name}: expected ${CHOICES.join(', ')}, found ${JSON.stringify(text)}`)
      return [name, choice]
    }),
  )
}

/** Reads `a,b`. */
function names(text: string): readonly string[] {
  const list = text.split(',').map((name) => name.trim())
  if (list.includes('')) throw new InvalidArgumentError('expected names with commas between them, like web,orders.')
  return list
}

function formatPreview({ application, version, source, published, kept, images, files, notes, outTemplate }: PublicationPreview): string {
  const lines = [
    '',
    ...formatNotes(notes),
    `${application} ${version} would be published from ${source}:`,
    `  ${published.length} components${kept.length === 0 ? '' : ` (${kept.length} more from the base: ${kept.join(', ')})`}, ${images.length} images, ${files.length} files`,
    ...(outTemplate === undefined ? [] : [`The template was written to ${outTemplate}`]),
    'Nothing was published. Do it without --dry-run.',
  ]
  return lines.join('\n')
}

function formatPublished(release: Published): string {
  const { application, version, digest, sequence, signer, size, images, unchanged, published, base, dropped, replaced, notes, outTemplate } = release
  const verb = unchanged ? 'is published already, with the same content' : 'published'
  const lines = [
    ...formatNotes(notes),
    `${application} ${version} ${verb}: ${images} ${images === 1 ? 'image' : 'images'}, ${formatBytes(size)}`,
    `  release    ${digest}`,
    `  sequence   ${sequence}`,
    `  signed by  ${signer}`,
    ...(base === undefined ? [] : [`  anew       ${published.join(', ')}`, `  base       ${base}`]),
    ...(dropped.length === 0 ? [] : [`  dropped    ${dropped.join(', ')}`]),
    ...(replaced === undefined
      ? []
      : [
          `  before     ${replaced}`,
          `${version} points to the new content now. Installations and releases that use`,
          'the one before keep it; sites are offered the change as an upgrade.',
        ]),
    ...(outTemplate === undefined ? [] : [`Template: ${outTemplate}. Keep it, and publish it from now on.`]),
    `Next: sealift export ${application}@${version} --out ${application}-${version}.sealift`,
  ]
  return `${lines.join('\n')}\n`
}
