import { Type } from 'typebox'
import { AbsolutePath, Input } from '../input.ts'
import { Job } from '../job.ts'
import { defineRoute } from '../route.ts'

/** The data folder itself: what takes room in it, whether it is sound, and copies of it. */
export const storageRoutes = {
  collect: defineRoute({
    id: 'collect',
    method: 'POST',
    path: '/storage/collect',
    summary: 'Removes content that nothing needs, and what else is over.',
    body: Input({
      dryRun: Type.Optional(Type.Boolean({ description: 'Only say what would be removed.' })),
      minAge: Type.Optional(
        Type.Number({ minimum: 0, maximum: 31_536_000, description: 'Seconds for which everything is kept; a day where it is not given.' }),
      ),
    }),
    response: Job,
  }),
  backup: defineRoute({
    id: 'backup',
    method: 'POST',
    path: '/storage/backups',
    summary: 'Copies the whole data folder, as it is at one moment, while work goes on.',
    body: Input({
      out: AbsolutePath('Absolute path of the file to write, or of a folder of backups, on the server’s machine.'),
      folder: Type.Optional(Type.Boolean({ description: 'It is a folder of backups, also where it does not exist yet.' })),
      overwrite: Type.Optional(Type.Boolean()),
      withoutContent: Type.Optional(Type.Boolean({ description: 'Leave out image layers and whatever else is large.' })),
      keep: Type.Optional(Type.Integer({ minimum: 1, description: 'How many backups remain in the folder.' })),
      passphrase: Type.String({ description: 'Opens the backup. It is not recorded anywhere.' }),
    }),
    response: Job,
  }),
  checkStore: defineRoute({
    id: 'checkStore',
    method: 'POST',
    path: '/storage/check',
    summary: 'Reads all content against its digests, tells what is lacking and who needs it, and takes it from bundles.',
    body: Input({
      from: Type.Optional(
        Type.Array(AbsolutePath('Absolute path of a bundle on the server’s machine.'), { description: 'Bundles to take what is lacking from.' }),
      ),
      restart: Type.Optional(Type.Boolean({ description: 'Begin anew where an earlier check was cut off.' })),
    }),
    response: Job,
  }),
}
