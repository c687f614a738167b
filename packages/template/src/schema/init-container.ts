import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { env } from './env-variable.ts'
import { argv, imageText, label, prose } from './texts.ts'

export const InitContainerSchema = closed(
  {
    name: label('Unique within the component.'),
    image: Type.Optional(imageText("What to run; the component's own image where it is not given.")),
    entrypoint: Type.Optional(argv("Replaces the image's entrypoint.")),
    command: Type.Optional(argv("Replaces the image's command.")),
    env: Type.Optional(env("Variables beside the component's own, which it has too.")),
    user: Type.Optional(prose('The user to run as, by name or number, quoted.', 64)),
  },
  "A container that runs to its end before the component starts, with the component's variables, files and volumes.",
)
export type InitContainer = Static<typeof InitContainerSchema>
