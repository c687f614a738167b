import { Type } from 'typebox'
import { Input } from '../input.ts'
import { Report, SignedReport } from '../report.ts'
import { defineRoute } from '../route.ts'
import { Snapshot } from '../snapshot.ts'

const Name = Input({ name: Type.String() })

/** What is kept of installations beside their revisions: copies of their data, reports of their checks. */
export const dataRoutes = {
  listSnapshots: defineRoute({
    id: 'listSnapshots',
    method: 'GET',
    path: '/installations/:name/snapshots',
    summary: 'The copies of its data, the latest first.',
    params: Name,
    response: Type.Array(Snapshot),
  }),
  removeSnapshot: defineRoute({
    id: 'removeSnapshot',
    method: 'DELETE',
    path: '/installations/:name/snapshots/:number',
    summary: 'Removes copies of its data for good.',
    params: Input({ name: Type.String(), number: Type.Integer() }),
    response: Snapshot,
  }),
  listReports: defineRoute({
    id: 'listReports',
    method: 'GET',
    path: '/installations/:name/reports',
    summary: 'What its checks said, the latest first.',
    params: Name,
    response: Type.Array(Report),
  }),
  getReport: defineRoute({
    id: 'getReport',
    method: 'GET',
    path: '/installations/:name/report',
    summary: 'The signed report of a revision, without one the latest.',
    params: Name,
    query: Input({ revision: Type.Optional(Type.Integer({ minimum: 1 })) }),
    response: SignedReport,
  }),
  verifyReport: defineRoute({
    id: 'verifyReport',
    method: 'POST',
    path: '/reports/verify',
    summary: 'Checks the signature of a report and says who signed it.',
    body: Input({ envelope: Type.String({ maxLength: 4 * 1024 * 1024 }), name: Type.String({ description: 'What it is called in errors.' }) }),
    response: SignedReport,
  }),
}
