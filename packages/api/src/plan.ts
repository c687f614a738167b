import { type Static, Type } from 'typebox'

const FileConflict = Type.Object({
  line: Type.Integer({ description: 'The first line of it in the site’s file, counted from 1.' }),
  vendorLine: Type.Integer({ description: 'The same in the vendor’s.' }),
  base: Type.Array(Type.String()),
  site: Type.Array(Type.String()),
  vendor: Type.Array(Type.String()),
})

/** What is behind a line about a file. What is secret, no text or too large to compare is left out. */
const FileDetails = Type.Object({
  diff: Type.Optional(Type.String({ description: 'From what is there to what will be there, in unified form.' })),
  offer: Type.Optional(
    Type.Object({
      diff: Type.Optional(Type.String({ description: 'From what is there to the vendor’s new default.' })),
      merge: Type.Enum(['whole', 'merged', 'conflicts', 'impossible'], {
        description: 'How taking it ends; whole where the site changed nothing.',
      }),
      merged: Type.Optional(Type.String({ description: 'The result, with the conflicts marked.' })),
      conflicts: Type.Array(FileConflict),
    }),
  ),
})

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
  selector: Type.String({ description: 'How --take and --decline name it.' }),
  file: Type.Optional(FileDetails),
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
  restarts: Type.Array(Type.String(), { description: 'Components that run and whose containers are made anew.' }),
  starts: Type.Array(Type.String(), { description: 'Components that do not run yet.' }),
  removes: Type.Array(Type.String(), { description: 'Components whose containers are removed.' }),
  runs: Type.Array(Type.String(), { description: 'Jobs that run, or run again.' }),
  rollbackNote: Type.String({ description: 'What becomes of a failure.' }),
  work: Type.Boolean({ description: 'Whether anything happens at the target.' }),
  unchanged: Type.Boolean({ description: 'Nothing is to be done, and nothing to be recorded.' }),
})
export type Plan = Static<typeof Plan>

/** What differs between two things, attribute by attribute: the first is `now`, the second `then`. */
export const Comparison = Type.Object({
  application: Type.String(),
  from: Type.String({ description: 'What the first is called.' }),
  to: Type.String(),
  counts: Type.String({ description: '3 changed · 1 added' }),
  items: Type.Array(PlanItem),
})
export type Comparison = Static<typeof Comparison>
