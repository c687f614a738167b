import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { durationText, portReference, prose } from './texts.ts'

export const MonitorSchema = closed(
  {
    port: portReference('Where the measurements are.'),
    path: Type.Optional(prose('The path there; /metrics where it is not given.', 2048)),
    interval: Type.Optional(durationText('How often they are read.', { default: '15s' })),
  },
  'Measurements in the Prometheus text format that the component offers.',
)
export type Monitor = Static<typeof MonitorSchema>
