import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { portName, portNumber } from './texts.ts'

/** How the outside reaches a port through the target's own address. */
export const PublicPortSchema = closed(
  {
    kind: Type.Enum(['http', 'tcp', 'udp'], { description: 'What is spoken there: http is shown as a link.' }),
    hostPort: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 65_535 }), Type.String({ minLength: 1, maxLength: 256 })], {
        description: 'The port on the host: a number, or ${parameters.X} to ask the site. Without it the site picks a free one.',
      }),
    ),
  },
  'Opens the port to the outside of the application.',
)
export type PublicPort = Static<typeof PublicPortSchema>

export const PortSchema = closed(
  {
    name: portName('The name by which probes, routes and ${self.ports.NAME} speak of the port.'),
    port: portNumber('The number that the program listens on.'),
    protocol: Type.Optional(Type.Enum(['tcp', 'udp'], { description: 'tcp or udp.', default: 'tcp' })),
    public: Type.Optional(PublicPortSchema),
  },
  'A port that a component listens on.',
)
export type Port = Static<typeof PortSchema>
