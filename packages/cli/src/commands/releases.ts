import type { ReleaseDetail } from '@sealift/api/release.ts'
import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Command } from 'commander'
import { formatComparison } from '../plan/format-comparison.ts'
import { parseRelease } from '../release-argument.ts'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge, formatBytes } from '../terminal/units.ts'

/** `sealift releases` */
export function addReleases(program: Command): void {
  const releases = program
    .command('releases')
    .summary('the releases in the library')
    .description('Lists the releases that this side holds, published here or imported.')
    .addHelpText(
      'after',
      `
Examples:
  sealift releases
  sealift releases show bookshop@3.0.0
  sealift releases remove bookshop@2.9.0`,
    )
    .argument('[application]', 'only those of one application')
    .action(async (application: string | undefined, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) => {
        const releases = await client.call(releaseRoutes.listReleases, { query: application === undefined ? {} : { application } })
        answer(releases, (list) =>
          list.length === 0
            ? 'The library is empty. Publish a template with: sealift publish TEMPLATE.yaml\nOr bring a bundle in with: sealift import FILE\n'
            : formatColumns([
                ['APPLICATION', 'VERSION', 'SIZE', 'CAME', 'RELEASE'],
                ...list.map((release) => [
                  release.application,
                  release.version,
                  formatBytes(release.size),
                  `${release.origin} ${formatAge(release.createdAt)}`,
                  release.digest.slice('sha256:'.length, 'sha256:'.length + 12),
                ]),
              ]),
        )
      })
    })

  releases
    .command('show')
    .summary('what a release consists of')
    .description('Shows a release: its components, images, files, who signed it, and the base of a partial publication.')
    .argument('<release>', 'APP@VERSION, APP@sha256:…, or APP for the newest')
    .action(async (text: string, _options: unknown, command: Command) => {
      const params = parseRelease(text)
      await inSession(command, async ({ client, answer }) => answer(await client.call(releaseRoutes.getRelease, { params }), formatRelease))
    })

  releases
    .command('diff')
    .summary('what differs between two releases')
    .description(
      'Shows every attribute in which two releases differ: defaults and the rules for them, images, files, components. Both must be in the library, wherever they came from.',
    )
    .argument('<from>', 'APP@VERSION or APP@sha256:…')
    .argument('<to>', 'another one')
    .option('--full', 'show long values whole, and the differences of files')
    .addHelpText('after', '\nExample:\n  sealift releases diff bookshop@2.9.0 bookshop@3.0.0 --full')
    .action(async (a: string, b: string, options: { full?: true }, command: Command) => {
      const [from, to] = [parseRelease(a), parseRelease(b)]
      const query = { fromApplication: from.application, from: from.version, toApplication: to.application, to: to.version }
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(releaseRoutes.compareReleases, { query }), (comparison) =>
          formatComparison(comparison, { title: to.application, full: options.full === true }),
        ),
      )
    })

  releases
    .command('remove')
    .summary('take a release out of the library')
    .description(
      'Takes a release out of the library. Refused while an installation could need it, or another release has it as its base. Its content is freed by the next collection.',
    )
    .argument('<release>', 'APP@VERSION or APP@sha256:…')
    .action(async (text: string, _options: unknown, command: Command) => {
      if (!text.includes('@')) throw new SealiftError('USAGE', `${text}: say which release, like ${text}@1.0.0`)
      const params = parseRelease(text)
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(releaseRoutes.removeRelease, { params }), ({ application, version, digest, labelMovedTo }) => {
          const after = labelMovedTo === undefined ? '' : `${version} points to ${labelMovedTo} again.\n`
          return `${application} ${version} removed (${digest})\n${after}`
        }),
      )
    })
}

function formatRelease(release: ReleaseDetail): string {
  const { application, version, digest, sequence, signer, createdAt, origin, size, base, labelled, componentList, images, files, description } = release
  const facts = [
    ['release', digest],
    ['sequence', String(sequence)],
    ['signed by', signer === '' ? 'nobody' : signer],
    ['made', `${createdAt} (${origin} here)`],
    ['size', `${formatBytes(size)}, with what several images share counted once`],
    ...(base === undefined ? [] : [['base', `${base.version ?? 'not held here'}  ${base.digest}`]]),
    ...(labelled ? [] : [['label', `${version} points to a later release; reach this one by its digest`]]),
  ]
  const components = formatColumns(
    [
      ['COMPONENT', 'WORKLOAD', 'SIZE', ...(base === undefined ? [] : ['']), 'IMAGE'],
      ...componentList.map((component) => [
        component.name,
        component.workload,
        component.image === undefined ? '-' : formatBytes(component.size),
        ...(base === undefined ? [] : [component.published ? 'anew' : 'from the base']),
        component.image ?? '',
      ]),
    ],
    '  ',
  )
  return [
    `${application} ${version}${description === '' ? '' : `: ${description}`}\n`,
    formatColumns(facts, '  '),
    '\n',
    components,
    '\n',
    ...images.map((image) => `  ${image.reference}\n    ${image.platform}, config ${image.config}\n    origin: ${image.provenance}\n`),
    ...(files.length === 0
      ? []
      : [
          '\n',
          formatColumns(
            files.map(({ path, size: bytes }) => [path, formatBytes(bytes)]),
            '  ',
          ),
        ]),
  ].join('')
}
