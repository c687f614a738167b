import { type Static, Type } from 'typebox'

/** What a bundle was unpacked to. */
export const Unpacked = Type.Object({
  folder: Type.String(),
  images: Type.Array(Type.String(), { description: 'The names of the images in the layout.' }),
})
export type Unpacked = Static<typeof Unpacked>
