import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { env } from './env-variable.ts'
import { argv, durationText, imageText } from './texts.ts'

export const HookSchema = closed(
  {
    image: Type.Optional(imageText("What to run; the component's own image where it is not given.")),
    entrypoint: Type.Optional(argv("Replaces the image's entrypoint.")),
    command: Type.Optional(argv("Replaces the image's command.")),
    env: Type.Optional(env("Variables beside the component's own, which the hook has too.")),
    timeout: Type.Optional(durationText('Afterwards it is killed, and the change has failed.', { default: '300s' })),
    idempotent: Type.Optional(
      Type.Boolean({ description: 'Whether it can safely run again after it was cut off. Where it can not, a cut-off change stops and asks.', default: false }),
    ),
  },
  'A container that runs once at a certain moment, with the variables, files and volumes of the component; it fails unless it ends with 0.',
)
export type Hook = Static<typeof HookSchema>

/** The moments, in the order in which an upgrade meets them. */
export const HOOK_MOMENTS = ['quiesce', 'beforeUpgrade', 'afterUpgrade', 'beforeRollback'] as const

export const HooksSchema = closed(
  {
    quiesce: Type.Optional(HookSchema),
    beforeUpgrade: Type.Optional(HookSchema),
    afterUpgrade: Type.Optional(HookSchema),
    beforeRollback: Type.Optional(HookSchema),
  },
  'quiesce runs before the data is copied; beforeUpgrade with the new image, before the component is replaced; afterUpgrade once all is healthy; beforeRollback before going back.',
)
export type Hooks = Static<typeof HooksSchema>
