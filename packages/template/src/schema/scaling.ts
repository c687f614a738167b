import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { cpuText, prose, sizeText } from './texts.ts'

const count = (description: string, fallback: number) => Type.Integer({ description, minimum: 0, maximum: 1000, default: fallback })

export const ScalingMetricSchema = closed(
  {
    kind: Type.Enum(['cpu', 'memory', 'query'], { description: 'cpu and memory: percent of what resources gives. query: the number that a query returns.' }),
    target: Type.Number({ description: 'The value to stay near, for each replica.', exclusiveMinimum: 0 }),
    query: Type.Optional(prose('The query (PromQL), for kind query.')),
  },
  'Lets the number of replicas follow the load.',
)

export const ScalingSchema = closed(
  {
    min: Type.Optional(count('The fewest replicas.', 1)),
    max: Type.Optional(count('The most replicas.', 1)),
    initial: Type.Optional(count('Replicas after installation; min where it is not given.', 1)),
    step: Type.Optional(Type.Integer({ description: 'Replicas come and go in steps of this many, counted from min.', minimum: 1, maximum: 100, default: 1 })),
    minMemory: Type.Optional(sizeText('The least memory that a site may set.')),
    maxMemory: Type.Optional(sizeText('The most memory that a site may set.')),
    minCpu: Type.Optional(cpuText('The fewest cores that a site may set.')),
    maxCpu: Type.Optional(cpuText('The most cores that a site may set.')),
    metric: Type.Optional(ScalingMetricSchema),
  },
  'The bounds within which a site sets replicas, memory and cores.',
)
export type Scaling = Static<typeof ScalingSchema>
