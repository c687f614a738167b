import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { dependsOn } from './dependency.ts'
import { env } from './env-variable.ts'
import { argv, durationText, imageText, label, prose } from './texts.ts'

export const CheckSchema = closed(
  {
    name: label('The name of the check.'),
    title: Type.Optional(prose('What it proves, for people.', 256)),
    image: imageText('What to run.'),
    entrypoint: Type.Optional(argv("Replaces the image's entrypoint.")),
    command: Type.Optional(argv("Replaces the image's command.")),
    env: Type.Optional(env('Environment variables.')),
    dependsOn: Type.Optional(dependsOn('The components that it uses; their connection values arrive as variables.')),
    timeout: Type.Optional(durationText('Afterwards it is killed and has failed.', { default: '300s' })),
  },
  'An acceptance test: a container that runs after installation and upgrade, and fails unless it ends with 0.',
)
export type Check = Static<typeof CheckSchema>
