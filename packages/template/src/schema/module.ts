import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { label, prose } from './texts.ts'

export const ModuleSchema = closed(
  {
    name: label('The name that components give under module.'),
    title: Type.Optional(prose('Its name for people.', 256)),
    description: Type.Optional(prose('What one gets by switching it on.')),
    default: Type.Optional(Type.Boolean({ description: 'Whether a new installation has it on.', default: true })),
    requires: Type.Optional(
      Type.Array(label('Another module.'), {
        description: 'Modules that are switched on with it. What its components depend on is added unasked.',
        maxItems: 100,
      }),
    ),
  },
  'Components that a site switches on or off together.',
)
export type Module = Static<typeof ModuleSchema>
