import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { ConfigFileSchema } from './config-file.ts'
import { env } from './env-variable.ts'
import { label, prose } from './texts.ts'

export const ConfigurationGroupSchema = closed(
  {
    name: label('The name by which components use it.'),
    title: Type.Optional(prose('Its name for people.', 256)),
    description: Type.Optional(prose('What it sets.')),
    env: Type.Optional(env('Variables for every component that uses the group.')),
    files: Type.Optional(Type.Array(ConfigFileSchema, { description: 'Files for every component that uses the group.', maxItems: 200 })),
  },
  'Settings that several components share; a site changes them once.',
)
export type ConfigurationGroup = Static<typeof ConfigurationGroupSchema>
