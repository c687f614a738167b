import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { durationText, expression, label, portNumber, portReference, sizeText } from './texts.ts'

export const RouteTlsSchema = closed(
  {
    mode: Type.Enum(['terminate', 'passthrough', 'none'], {
      description: "terminate: the gateway decrypts with the site's certificate. passthrough: the component does. none: plain.",
    }),
    redirect: Type.Optional(Type.Boolean({ description: 'Whether plain HTTP is sent on to HTTPS.', default: true })),
  },
  'How the route is encrypted. Without it, as the site decides.',
)

export const RouteTimeoutsSchema = closed(
  {
    connect: Type.Optional(durationText('Time for the component to accept the connection.')),
    response: Type.Optional(durationText('Time for it to begin to answer.')),
    idle: Type.Optional(durationText('Time without any byte.')),
  },
  'A request that takes longer has failed.',
)

export const RouteSchema = closed(
  {
    name: Type.Optional(label('A name, to speak of the route.')),
    host: Type.Optional(expression('The host name that is asked for; every one where it is not given.', 512)),
    path: Type.Optional(expression('The beginning of the path; / where it is not given.', 2048)),
    tcp: Type.Optional(closed({ port: portNumber('The port at which the gateway listens.') }, 'Passes TCP connections on, instead of host and path.')),
    component: label('The component that answers.'),
    port: portReference('The port there.'),
    tls: Type.Optional(RouteTlsSchema),
    timeouts: Type.Optional(RouteTimeoutsSchema),
    websocket: Type.Optional(Type.Boolean({ description: 'Whether connections may be turned into web sockets.', default: false })),
    maxBody: Type.Optional(sizeText('The largest request that is let through.')),
  },
  "Leads requests from the site's gateway to a component.",
)
export type Route = Static<typeof RouteSchema>
