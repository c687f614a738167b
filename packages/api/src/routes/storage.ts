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
