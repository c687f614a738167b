import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { label } from './texts.ts'

/** Lengths below this are guessed too easily; above it no program reads them. */
export const GENERATED_LENGTH = { minimum: 8, maximum: 256, default: 24 } as const

export const GenerateSchema = closed(
  {
    length: Type.Optional(Type.Integer({ description: 'How many characters.', ...GENERATED_LENGTH })),
    alphabet: Type.Optional(
      Type.Enum(['alphanumeric', 'hex', 'base64url'], {
        description: 'What it is made of. hex: 0-9 and a-f; base64url adds - and _.',
        default: 'alphanumeric',
      }),
    ),
    group: Type.Optional(label('Values of the same group are one and the same value within an installation, and change together with `secret rotate`.')),
  },
  'A random value that is made at each installation, kept encrypted, masked everywhere, and changed only by `secret rotate`.',
)
export type Generate = Static<typeof GenerateSchema>
