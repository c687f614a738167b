import { type Static, Type } from 'typebox'

/** One line of a plan: an attribute as it is, as it will be, and why. Secrets are masked. */
export const PlanItem = Type.Object({
  component: Type.Union([Type.String(), Type.Null()], { description: 'null for what belongs to the whole installation' }),
  kind: Type.String({ description: 'image, env, file, volume, port, …' }),
  name: Type.String(),
  now: Type.Union([Type.String(), Type.Null()]),
  then: Type.Union([Type.String(), Type.Null()]),
  offered: Type.Optional(Type.String({ description: 'The vendor’s default that awaits a decision.' })),
  effect: Type.Enum(['changed', 'added', 'removed', 'generated', 'allocated', 'copied', 'restored', 'run', 'kept', 'offered', 'leftOver', 'notActedOn']),
  why: Type.String(),
  restart: Type.Boolean(),
})
export type PlanItem = Static<typeof PlanItem>

export const Finding = Type.Object({ severity: Type.Enum(['error', 'warning']), subject: Type.String(), message: Type.String(), hint: Type.String() })

/** What a change will do, attribute by attribute. The plan that was shown is the plan that runs: name its digest when you start the change. */
export const Plan = Type.Object({
  digest: Type.String(),
  kind: Type.Enum(['install', 'configure', 'upgrade', 'rollback', 'return', 'uninstall']),
  installation: Type.String(),
  application: Type.String(),
  from: Type.Union([Type.Integer(), Type.Null()], { description: 'The revision that it starts from.' }),
  to: Type.Union([Type.Integer(), Type.Null()], { description: 'The revision that a rollback goes to.' }),
  fromVersion: Type.Union([Type.String(), Type.Null()]),
  toVersion: Type.Union([Type.String(), Type.Null()]),
  counts: Type.String({ description: '3 changed · 1 added · 2 kept' }),
  items: Type.Array(PlanItem),
  findings: Type.Array(Finding),
  restarts: Type.Array(Type.String(), { description: 'Components whose containers are made anew.' }),
  runs: Type.Array(Type.String(), { description: 'Jobs that run, or run again.' }),
  rollbackNote: Type.String({ description: 'What becomes of a failure.' }),
  work: Type.Boolean({ description: 'Whether anything happens at the target.' }),
})
export type Plan = Static<typeof Plan>
