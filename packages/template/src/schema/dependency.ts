import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { label, namePrefix } from './texts.ts'

export const DependencySchema = closed(
  {
    component: label('The component that is needed.'),
    prefix: Type.Optional(namePrefix('Put before the names of the injected variables: with ORDERS_, DB_HOST arrives as ORDERS_DB_HOST.')),
    inject: Type.Optional(Type.Boolean({ description: 'Whether the connection values arrive as environment variables.', default: true })),
    wait: Type.Optional(
      Type.Enum(['healthy', 'completed', 'none'], {
        description:
          'What must be so before this component starts: the other is healthy, has ended with 0 (jobs), or nothing. The default is completed for a job, none for cron and external, else healthy.',
      }),
    ),
    optional: Type.Optional(
      Type.Boolean({ description: "Whether this component can do without it: where the other's module is off, nothing is injected.", default: false }),
    ),
  },
  'Another component that this one uses.',
)
export type Dependency = Static<typeof DependencySchema>

export const dependsOn = (description: string) => Type.Array(DependencySchema, { description, maxItems: 200 })
