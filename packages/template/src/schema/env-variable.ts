import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { expression, prose, variableName } from './texts.ts'

/** What an upgrade does with a value: see the table in `docs/template.md`. */
export const onUpgrade = Type.Enum(['keep', 'follow', 'locked'], {
  description:
    "What an upgrade does. keep: the site's value and an untouched one both stay, a new default is offered. follow: an untouched value takes the new default. locked: always the vendor's; the site can't change it.",
  default: 'keep',
})

export const EnvVariableSchema = closed(
  {
    name: variableName('The name of the variable.'),
    value: expression('Its value, a text: quote numbers and true or false.'),
    secret: Type.Optional(Type.Boolean({ description: 'Kept encrypted and masked wherever it is shown.', default: false })),
    onUpgrade: Type.Optional(onUpgrade),
    description: Type.Optional(prose('What it does, for those who operate the site.')),
  },
  'An environment variable.',
)
export type EnvVariable = Static<typeof EnvVariableSchema>

export const env = (description: string) => Type.Array(EnvVariableSchema, { description, maxItems: 1000 })
