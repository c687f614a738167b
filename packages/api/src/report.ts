import { type Static, Type } from 'typebox'

/** How one acceptance check ended. */
export const CheckReport = Type.Object({
  check: Type.String(),
  title: Type.String({ description: 'What it proves.' }),
  passed: Type.Boolean(),
  exitCode: Type.Integer(),
  timedOut: Type.Boolean(),
  startedAt: Type.String(),
  finishedAt: Type.String(),
  output: Type.String({ description: 'The last that it printed, secrets masked.' }),
})
export type CheckReport = Static<typeof CheckReport>

/** What a site attests of an installation or an upgrade. Its bytes are signed with the key of the site. */
export const Report = Type.Object({
  format: Type.Literal('sealift.dev/report/v1'),
  installation: Type.String(),
  application: Type.String(),
  version: Type.String(),
  release: Type.String({ description: 'The digest of the release: its identity.' }),
  kind: Type.Enum(['install', 'upgrade']),
  revision: Type.Integer(),
  plan: Type.String({ description: 'The digest of the plan that was carried out.' }),
  outcome: Type.Enum(['done', 'failed']),
  reason: Type.Optional(Type.String({ description: 'Why it failed.' })),
  startedAt: Type.String(),
  finishedAt: Type.String(),
  engine: Type.String(),
  host: Type.String(),
  program: Type.String({ description: 'What wrote the report.' }),
  checks: Type.Array(CheckReport),
})
export type Report = Static<typeof Report>

/** A report with what its signature proves. */
export const SignedReport = Type.Object({
  report: Report,
  signer: Type.String({ description: 'Full fingerprint of the key that signed it.' }),
  trust: Type.Enum(['own', 'trusted', 'revoked', 'unknown'], { description: 'What this side holds of that key.' }),
  envelope: Type.String({ description: 'The file: report and signature in one.' }),
})
export type SignedReport = Static<typeof SignedReport>
