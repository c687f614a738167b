import { type Static, Type } from 'typebox'
import { closed, named } from './closed.ts'
import { argv, durationText, expression, portReference } from './texts.ts'

export const HttpProbeSchema = closed(
  {
    port: portReference('Where to ask.'),
    path: Type.Optional(expression('What to ask for; healthy is an answer from 200 to 399.', 2048)),
    scheme: Type.Optional(Type.Enum(['http', 'https'], { description: 'https does not check the certificate.', default: 'http' })),
    headers: Type.Optional(
      named("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", 'the name of a header', Type.String({ maxLength: 4096 }), 'Headers to send. Values may use ${…}.'),
    ),
  },
  'Asks over HTTP.',
)

export const TcpProbeSchema = closed({ port: portReference('Where to connect.') }, 'Healthy once a connection is accepted.')

export const ProbeSchema = closed(
  {
    exec: Type.Optional(argv('Runs a command in the container; healthy is an end with 0.')),
    http: Type.Optional(HttpProbeSchema),
    tcp: Type.Optional(TcpProbeSchema),
    initialDelay: Type.Optional(durationText('Waits this long before the first attempt.', { default: '0s' })),
    interval: Type.Optional(durationText('Time between attempts.', { default: '5s' })),
    timeout: Type.Optional(durationText('An attempt that takes longer has failed.', { default: '5s' })),
    successThreshold: Type.Optional(Type.Integer({ description: 'So many successes in a row make it healthy.', minimum: 1, maximum: 100, default: 1 })),
    failureThreshold: Type.Optional(Type.Integer({ description: 'So many failures in a row make it unhealthy.', minimum: 1, maximum: 1000, default: 3 })),
  },
  'One of exec, http and tcp, and how often it is tried. {} is no probe.',
)
export type Probe = Static<typeof ProbeSchema>

export const ProbesSchema = closed(
  {
    startup: Type.Optional(ProbeSchema),
    readiness: Type.Optional(ProbeSchema),
    liveness: Type.Optional(ProbeSchema),
    gate: Type.Optional(
      durationText('An installation or upgrade in which the component is not healthy after this long has failed. For a job: not ended by then.', {
        default: '300s',
      }),
    ),
  },
  'How to tell that the component has started, can be used, and still lives. Without startup and readiness, healthy is ten seconds up without a restart.',
)
export type Probes = Static<typeof ProbesSchema>
