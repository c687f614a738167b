import { releaseRoutes } from '@sealift/api/routes/releases.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'
import { formatAge, formatBytes } from '../terminal/units.ts'

/** `sealift releases` */
export function addReleases(program: Command): void {
  program
    .command('releases')
    .summary('the releases in the library')
    .description('Lists the releases that this side holds, published here or imported.')
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
}
