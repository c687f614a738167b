import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { onUpgrade } from './env-variable.ts'
import { GenerateSchema } from './generate.ts'
import { expression, prose, valueName } from './texts.ts'

export const ConnectionValueSchema = closed(
  {
    name: valueName('The name under which a component that depends on this one receives it as a variable.'),
    value: Type.Optional(expression('Its value. Either this or generate.')),
    generate: Type.Optional(GenerateSchema),
    secret: Type.Optional(Type.Boolean({ description: 'Kept encrypted and masked. A generated value always is.', default: false })),
    onUpgrade: Type.Optional(onUpgrade),
    description: Type.Optional(prose('What it is for, for those who operate the site.')),
  },
  'Something that others must know in order to use the component.',
)
export type ConnectionValue = Static<typeof ConnectionValueSchema>
