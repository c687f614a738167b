import { resolve } from 'node:path'
import { resultOf } from '@sealift/api/job.ts'
import type { Published } from '@sealift/api/published.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect } from '../assignments.ts'
import { followJob } from '../follow-job.ts'
import { inSession } from '../session.ts'
import { formatBytes } from '../terminal/units.ts'

interface PublishOptions {
  readonly version?: string
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
    .summary('make a signed release out of a template and its images')
    .description('Makes a signed release out of a template: every image and file is pinned by its digest and kept in the library.')
    .argument('<template>', 'the template file, like bookshop.yaml')
    .option('--version <v>', 'instead of the version in the template')
    .addOption(
      new Option('--images <from>', 'auto: the engine where it has them, else their registries; engine; registry')
        .choices(['auto', 'engine', 'registry'])
        .default('auto'),
    )
    .option('--engine <address>', 'the engine that has the images (default: $DOCKER_HOST or unix:///var/run/docker.sock)')
    .option('--insecure-registry <host>', 'ask this registry by plain HTTP; may be repeated', collect, [])
    .option('--allow-secret <component/VARIABLE>', 'publish this literal though it looks like a secret; may be repeated', collect, [])
    .option('--components <names>', 'publish only these anew, like web,orders; the others come from the base by digest', names)
    .option('--base <version>', 'with --components: the release that the others come from (default: the newest)')
    .addHelpText(
      'after',
      `
Examples:
  sealift publish bookshop.yaml
  sealift publish bookshop.yaml --components web,orders --base 3.0.0
  sealift publish bookshop.yaml --version 3.0.1
  sealift publish bookshop.yaml --images registry --insecure-registry lab:5000`,
    )
    .action(async (template: string, options: PublishOptions, command: Command) => {
      await inSession(command, async (session) => {
        const job = await session.client.call(releaseRoutes.publish, {
          body: {
            template: resolve(template),
            ...(options.version === undefined ? {} : { version: options.version }),
            images: options.images,
            ...(options.engine === undefined ? {} : { engine: options.engine }),
            insecureRegistries: [...options.insecureRegistry],
            allowSecrets: [...options.allowSecret],
            ...(options.components === undefined ? {} : { components: [...options.components] }),
            ...(options.base === undefined ? {} : { base: options.base }),
          },
        })
        session.answer(resultOf(await followJob(session, job), 'publish'), formatPublished)
      })
    })
}

/** Reads `a,b`. */
function names(text: string): readonly string[] {
  const list = text.split(',').map((name) => name.trim())
  if (list.includes('')) throw new InvalidArgumentError('expected names with commas between them, like web,orders.')
  return list
}

function formatPublished(release: Published): string {
  const { application, version, digest, sequence, signer, size, images, unchanged, published, base, dropped, replaced } = release
  const verb = unchanged ? 'is published already, with the same content' : 'published'
  const lines = [
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
    `Next: sealift export ${application}@${version} --out ${application}-${version}.sealift`,
  ]
  return `${lines.join('\n')}\n`
}
