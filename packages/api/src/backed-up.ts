import { type Static, Type } from 'typebox'

/** What a finished backup tells. */
export const BackedUp = Type.Object({
  path: Type.String({ description: 'The file, or the folder of this backup in the folder of backups.' }),
  id: Type.String(),
  createdAt: Type.String(),
  content: Type.Enum(['all', 'small'], { description: 'small: without image layers and whatever else is large.' }),
  blobs: Type.Integer({ description: 'Blobs that belong to it.' }),
  bytes: Type.Integer({ description: 'Bytes of these blobs as they rest.' }),
  written: Type.Integer({ description: 'Bytes that were written; the rest was there from earlier backups.' }),
  lacking: Type.Integer({ description: 'Blobs that are needed and were not there to be backed up.' }),
})
export type BackedUp = Static<typeof BackedUp>
