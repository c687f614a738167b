import { type Static, Type } from 'typebox'

/** What a finished check of the content tells. */
export const Checked = Type.Object({
  checked: Type.Object({ count: Type.Integer(), bytes: Type.Integer() }, { description: 'Blobs that were read by this run, and their plain bytes.' }),
  continued: Type.Boolean({ description: 'It went on where an earlier check was cut off.' }),
  seconds: Type.Number(),
  repaired: Type.Array(Type.String(), { description: 'Digests of blobs that were brought back from the bundles given.' }),
  lacking: Type.Array(
    Type.Object({
      digest: Type.String(),
      damaged: Type.Boolean({ description: 'true: it was found damaged; false: it is not there at all.' }),
      neededBy: Type.Array(Type.String(), { description: 'Releases, revisions and others, in words.' }),
    }),
    { description: 'What is needed and not there in sound form.' },
  ),
})
export type Checked = Static<typeof Checked>
