import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { containerPath, label, sizeText } from './texts.ts'

export const VolumeSourceSchema = closed(
  {
    component: label('The component whose volume it is.'),
    volume: label('The name of the volume there.'),
  },
  "Mounts another component's volume instead of one's own.",
)
export type VolumeSource = Static<typeof VolumeSourceSchema>

export const VolumeSchema = closed(
  {
    name: label('The name of the volume, unique within the component.'),
    path: containerPath('Where it is mounted.'),
    kind: Type.Optional(
      Type.Enum(['persistent', 'memory'], {
        description: 'persistent: kept until it is deleted by name. memory: fast, and gone with the container.',
        default: 'persistent',
      }),
    ),
    size: Type.Optional(sizeText('How much it is expected to hold; for memory, the most that it can.')),
    access: Type.Optional(
      Type.Enum(['single', 'shared'], {
        description: 'single: mounted by one replica at a time. shared: by several replicas or components, on a cluster from several nodes.',
        default: 'single',
      }),
    ),
    readOnly: Type.Optional(Type.Boolean({ description: 'Mounted so that it can only be read.', default: false })),
    from: Type.Optional(VolumeSourceSchema),
  },
  'A folder whose content outlives the container.',
)
export type Volume = Static<typeof VolumeSchema>
