import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { prose, sourcePath, versionRange, versionText } from './texts.ts'

export const ReleaseHeaderSchema = closed(
  {
    version: Type.Optional(versionText('The version, quoted. publish --version goes before it, and is needed where it is not given.')),
    alias: Type.Optional(prose('A name beside the version, such as Premium.', 128)),
    notes: Type.Optional(sourcePath('What is new, in Markdown.')),
    upgradeFrom: Type.Optional(versionRange('The versions from which an upgrade was tried, such as ">=2.0.0". From others it is refused.')),
  },
  'The version that is described.',
)
export type ReleaseHeader = Static<typeof ReleaseHeaderSchema>
