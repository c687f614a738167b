import { type Static, Type } from 'typebox'

/** Files or rows, and their bytes on the disk. */
const Amount = Type.Object({ count: Type.Integer(), bytes: Type.Integer() })

/** What a finished collection tells. */
export const Collected = Type.Object({
  dryRun: Type.Boolean({ description: 'Nothing was removed: this is what would be.' }),
  removed: Type.Array(
    Type.Object({ kind: Type.String({ description: 'content, temporary, damaged, jobs, …' }), count: Type.Integer(), bytes: Type.Integer() }),
  ),
  freed: Type.Integer({ description: 'Bytes of all that was removed.' }),
  needed: Amount,
  waiting: Type.Object({ ...Amount.properties }, { description: 'What nothing needs, but that is too young or in use.' }),
  steady: Type.Boolean({ description: 'false: the clock of the machine was set lately, so that ages were not believed.' }),
})
export type Collected = Static<typeof Collected>
