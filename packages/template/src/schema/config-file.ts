import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { onUpgrade } from './env-variable.ts'
import { containerPath, fileMode, sourcePath } from './texts.ts'

export const ConfigFileSchema = closed(
  {
    path: containerPath('Where the file is put.'),
    source: sourcePath('The file beside the template that holds the content.'),
    mode: Type.Optional(fileMode('Permissions, in octal digits and quoted.', { default: '0644' })),
    uid: Type.Optional(Type.Integer({ description: 'Number of the owning user.', minimum: 0, maximum: 4_294_967_294, default: 0 })),
    gid: Type.Optional(Type.Integer({ description: 'Number of the owning group.', minimum: 0, maximum: 4_294_967_294, default: 0 })),
    template: Type.Optional(
      Type.Boolean({ description: 'Whether ${…} in the content stands for values; otherwise it is delivered byte for byte.', default: false }),
    ),
    secret: Type.Optional(Type.Boolean({ description: 'The content is kept encrypted and never shown.', default: false })),
    onUpgrade: Type.Optional(onUpgrade),
  },
  'A file that is put into the containers of a component before they start.',
)
export type ConfigFile = Static<typeof ConfigFileSchema>
