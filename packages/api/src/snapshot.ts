import { type Static, Type } from 'typebox'

/** Copies of volumes that were taken together, before a change. */
export const Snapshot = Type.Object({
  number: Type.Integer({ description: 'The revision whose change it was taken for.' }),
  of: Type.Integer({ description: 'The revision that was current: whose data it is.' }),
  version: Type.String({ description: 'The release of that revision.' }),
  takenAt: Type.String(),
  bytes: Type.Integer({ description: 'What it takes up on the disk.' }),
  volumes: Type.Array(Type.Object({ component: Type.String(), volume: Type.String(), bytes: Type.Integer(), files: Type.Integer() })),
})
export type Snapshot = Static<typeof Snapshot>
