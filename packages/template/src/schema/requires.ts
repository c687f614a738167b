import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { cpuText, portNumber, sizeText, versionRange } from './texts.ts'

export const RequiresSchema = closed(
  {
    disk: Type.Optional(sizeText('Free space.')),
    memory: Type.Optional(sizeText('Memory.')),
    cpu: Type.Optional(cpuText('Processor cores.')),
    ports: Type.Optional(Type.Array(portNumber('A port of the host.'), { description: 'Ports of the host that must be free.', maxItems: 100 })),
    arch: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^[a-z0-9]+(/[a-z0-9]+)?$',
          patternErrorMessage: 'a processor in the words of OCI, such as amd64, arm64 or arm/v7',
          maxLength: 32,
        }),
        { description: 'Processors that the application runs on, such as amd64 and arm64.', minItems: 1, maxItems: 20 },
      ),
    ),
    engine: Type.Optional(versionRange('Versions of the container engine, such as ">=20.10".')),
  },
  'What a site must have; looked at before anything is changed.',
)
export type Requires = Static<typeof RequiresSchema>
