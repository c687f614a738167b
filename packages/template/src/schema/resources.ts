import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { cpuText, sizeText } from './texts.ts'

export const ResourcesSchema = closed(
  {
    cpu: Type.Optional(cpuText('The most processor time, in cores.')),
    memory: Type.Optional(sizeText('The most memory.')),
  },
  'What one replica may use. A site can change it within the bounds of scaling.',
)
export type Resources = Static<typeof ResourcesSchema>

export const GpusSchema = closed(
  {
    count: Type.Integer({ description: 'How many, for each replica.', minimum: 1, maximum: 64 }),
    vendor: Type.Optional(Type.Enum(['nvidia', 'amd', 'intel'], { description: 'Whose.', default: 'nvidia' })),
  },
  'Graphics processors.',
)

export const UlimitSchema = closed({
  soft: Type.Integer({ description: 'The limit that holds; -1 is none.', minimum: -1 }),
  hard: Type.Integer({ description: 'How far the program may raise it; -1 is no limit.', minimum: -1 }),
})
