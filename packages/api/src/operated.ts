import { type Static, Type } from 'typebox'

/** What starting, stopping or restarting came to. */
export const Operated = Type.Object({
  installation: Type.String(),
  components: Type.Array(Type.String(), { description: 'The components that were started, stopped or restarted, in this order.' }),
})
export type Operated = Static<typeof Operated>
