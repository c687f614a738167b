import { Type } from 'typebox'
import { closed } from './closed.ts'
import { API_VERSION, TemplateSchema } from './template.ts'

const digest = (description: string) =>
  Type.String({ description, pattern: '^sha256:[0-9a-f]{64}$', patternErrorMessage: 'sha256: and 64 hexadecimal digits', maxLength: 71 })

const size = Type.Integer({ description: 'Plain bytes.', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

const short = (description: string) => Type.String({ description, minLength: 1, maxLength: 256 })

const PlatformSchema = closed({
  os: short('The operating system, in the words of OCI.'),
  architecture: short('The processor, in the words of OCI.'),
  variant: Type.Optional(short('The variant of the processor.')),
})

const DescriptorSchema = closed({
  mediaType: short('What it is.'),
  digest: digest('Its digest.'),
  size,
  platform: Type.Optional(PlatformSchema),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 65_536 }))),
})

const ReleaseImagePlatformSchema = closed({
  platform: PlatformSchema,
  manifest: DescriptorSchema,
  config: DescriptorSchema,
  layers: Type.Array(DescriptorSchema, { description: 'Uncompressed, lowest first.', maxItems: 1000 }),
  provenance: closed({
    source: Type.Enum(['engine', 'registry'], { description: 'Where the image was taken from.' }),
    verified: Type.Enum(['here', 'at-publication', 'not-verified', 'none'], { description: 'How far its origin was proved.' }),
    key: Type.Optional(short('The fingerprint of the key that verified it.')),
    originals: Type.Array(DescriptorSchema, { description: 'Index, manifest and signatures as they were.', maxItems: 1000 }),
  }),
})

/** The shape of a release document; what its parts mean together, `parseRelease` checks. */
export const ReleaseSchema = closed({
  apiVersion: Type.Literal(API_VERSION),
  kind: Type.Literal('Release'),
  application: short('The name of the application.'),
  version: short('The label that it is published under.'),
  sequence: Type.Integer({ description: 'Grows with every publication of the application.', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  createdAt: Type.String({
    description: 'When it was published.',
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$',
    patternErrorMessage: 'a time such as 2026-01-31T12:00:00Z',
    maxLength: 32,
  }),
  template: TemplateSchema,
  images: Type.Record(
    Type.String(),
    closed({
      reference: short('The whole reference.'),
      platforms: Type.Array(ReleaseImagePlatformSchema, { description: 'One for each platform.', minItems: 1, maxItems: 50 }),
    }),
  ),
  files: Type.Record(Type.String(), closed({ digest: digest('Its digest.'), size })),
  published: Type.Array(short('A component.'), { description: 'The components that were published anew.', maxItems: 200 }),
  base: Type.Optional(digest('The release from which the other components come.')),
})
