import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { label, prose, sourcePath } from './texts.ts'

export const ArtifactSchema = closed(
  {
    kind: Type.Enum(['chart', 'deb', 'rpm', 'git', 'file'], { description: "What it is; decides which of the site's mirrors serves it." }),
    path: sourcePath('The file or folder beside the template.'),
    name: Type.Optional(label('A name, to speak of it.')),
    description: Type.Optional(prose('What it is for.')),
  },
  'Anything else that travels with a release.',
)
export type Artifact = Static<typeof ArtifactSchema>
