import { type Static, Type } from 'typebox'
import { AbsolutePath, Input } from './input.ts'

/** One thing that a person should know about how a template was made. */
export const ImportNote = Type.Object({
  kind: Type.Enum(['changed', 'left-out', 'secret', 'warning']),
  component: Type.Optional(Type.String()),
  subject: Type.String({ description: 'What it is about, in the words of the source: services.web.network_mode.' }),
  where: Type.Optional(Type.String({ description: 'FILE:LINE' })),
  message: Type.String(),
})
export type ImportNote = Static<typeof ImportNote>

/** What is to be published, and from what. */
export const PublishRequest = Input({
  template: Type.Optional(AbsolutePath('Absolute path of the template file on the server’s machine. Either this or one of from….')),
  fromCompose: Type.Optional(
    Input({
      files: Type.Array(AbsolutePath('Absolute path of a Compose file, or of a folder with one; each is laid over the ones before.'), {
        minItems: 1,
        maxItems: 50,
      }),
      variables: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Values of variables; not kept with the job.' })),
      envFiles: Type.Optional(Type.Array(AbsolutePath('Absolute path of an env file, instead of .env.'))),
      folders: Type.Optional(Type.Array(AbsolutePath('A folder beside that of the first file from which files may be taken.'))),
      profiles: Type.Optional(Type.Array(Type.String(), { description: 'Profiles whose modules are on at first.' })),
    }),
  ),
  fromRunning: Type.Optional(
    Input({
      project: Type.Optional(Type.String({ description: 'The Compose project whose containers are taken.' })),
      containers: Type.Optional(Type.Array(Type.String(), { description: 'Containers by name or ID.', maxItems: 200 })),
    }),
  ),
  fromInstallation: Type.Optional(Type.String({ description: 'An installation, whose release is taken with the changes that the site made.' })),
  name: Type.Optional(Type.String({ description: 'The name of the application, for from….' })),
  version: Type.Optional(Type.String({ description: 'Instead of the template’s release.version.' })),
  secrets: Type.Optional(
    Type.Record(Type.String(), Type.Enum(['generate', 'parameter', 'keep-literal']), {
      description: 'For from…: what becomes of a secret, by COMPONENT/VARIABLE.',
    }),
  ),
  leaveOut: Type.Optional(Type.Array(Type.String(), { description: 'For from…: COMPONENT or COMPONENT/SETTING to go on without.' })),
  outTemplate: Type.Optional(AbsolutePath('For from…: folder to write the template and its files into, so that it can be kept.')),
  images: Type.Optional(
    Type.Enum(['auto', 'engine', 'registry'], { description: 'Where images come from; auto: the engine, else the registry that the reference names.' }),
  ),
  engine: Type.Optional(Type.String({ description: 'Address of the engine, like unix:///var/run/docker.sock.' })),
  insecureRegistries: Type.Optional(Type.Array(Type.String(), { description: 'Hosts that are asked by plain HTTP.' })),
  allowSecrets: Type.Optional(Type.Array(Type.String(), { description: 'component/VARIABLE whose literal may be published though it looks like a secret.' })),
  components: Type.Optional(
    Type.Array(Type.String(), { minItems: 1, description: 'Only these components are published anew; the others come from the base by digest.' }),
  ),
  base: Type.Optional(Type.String({ description: 'Version or digest of the release that the other components come from; without it the newest.' })),
})
export type PublishRequest = Static<typeof PublishRequest>

/** What a publication would make. */
export const PublicationPreview = Type.Object({
  application: Type.String(),
  version: Type.String(),
  source: Type.String({ description: 'What it would be made from.' }),
  template: Type.String({ description: 'The template, as YAML.' }),
  files: Type.Array(Type.Object({ path: Type.String(), size: Type.Integer() })),
  images: Type.Array(Type.String()),
  published: Type.Array(Type.String(), { description: 'Components that would be published anew.' }),
  kept: Type.Array(Type.String(), { description: 'Components that would come from the base.' }),
  base: Type.Optional(Type.String({ description: 'Digest of the base.' })),
  notes: Type.Array(ImportNote),
  outTemplate: Type.Optional(Type.String({ description: 'The template file that was written.' })),
})
export type PublicationPreview = Static<typeof PublicationPreview>
