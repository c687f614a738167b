import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { parameterName, prose } from './texts.ts'

const scalar = (description: string) => Type.Union([Type.String({ maxLength: 65_536 }), Type.Number(), Type.Boolean()], { description })

export const ParameterSchema = closed(
  {
    name: parameterName('The name in ${parameters.NAME} and in --set NAME=VALUE.'),
    title: Type.Optional(prose('The question, for people.', 256)),
    description: Type.Optional(prose('What the answer changes.')),
    type: Type.Enum(['string', 'number', 'boolean', 'choice', 'secret'], { description: 'What is asked for. A secret is kept encrypted and never shown.' }),
    default: Type.Optional(scalar('The answer where the site gives none, of the type of the parameter.')),
    required: Type.Optional(Type.Boolean({ description: 'Whether the site must answer where there is no default.', default: false })),
    pattern: Type.Optional(
      Type.String({ description: 'For string and secret: a regular expression that the whole answer matches.', minLength: 1, maxLength: 512 }),
    ),
    min: Type.Optional(Type.Number({ description: 'For number: the least. For string and secret: the fewest characters.' })),
    max: Type.Optional(Type.Number({ description: 'For number: the greatest. For string and secret: the most characters.' })),
    choices: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { description: 'For choice: what can be chosen.', minItems: 1, maxItems: 200 }),
    ),
  },
  'A value that a site is asked for.',
)
export type Parameter = Static<typeof ParameterSchema>
