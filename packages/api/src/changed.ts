import { type Static, Type } from 'typebox'

/** What a finished change of an installation tells. */
export const Changed = Type.Object({
  installation: Type.String(),
  application: Type.String(),
  version: Type.Union([Type.String(), Type.Null()], { description: 'null after an uninstall' }),
  revision: Type.Integer(),
  unchanged: Type.Boolean({ description: 'Nothing had to be done.' }),
  checks: Type.Array(Type.Object({ check: Type.String(), exitCode: Type.Integer() })),
})
export type Changed = Static<typeof Changed>
