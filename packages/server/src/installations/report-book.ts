import { hostname } from 'node:os'
import { Report, type SignedReport } from '@sealift/api/report.ts'
import { openReport, sealReport } from '@sealift/bundle/report-envelope.ts'
import { formatFingerprint } from '@sealift/bundle/signature/fingerprint.ts'
import type { Driver } from '@sealift/deploy/driver.ts'
import { hasPassed } from '@sealift/deploy/pipeline/check-outcome.ts'
import type { Attestation } from '@sealift/deploy/pipeline/pipeline-context.ts'
import { messageOf, SealiftError } from '@sealift/oci/sealift-error.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import { Compile } from 'typebox/compile'
import type { Database } from '../database/open-database.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { SEALIFT_VERSION } from '../version.ts'

/** Writes, signs and keeps the reports of installations and upgrades, for ever. */
export class ReportBook {
  readonly #db: Database
  readonly #keys: KeyRing

  constructor(db: Database, keys: KeyRing) {
    this.#db = db
    this.#keys = keys
  }

  /** Writes the report of a run; one that was written before the program died is replaced. */
  async write(run: string, attestation: Attestation, driver: Driver): Promise<void> {
    const report = await reportOf(attestation, driver)
    const envelope = sealReport(await this.#keys.signingKey(), Buffer.from(canonicalJson(report)))
    const { installation, revision, finishedAt } = report
    const changing = { revision, created_at: finishedAt, envelope }
    await this.#db
      .insertInto('report')
      .values({ run, installation, ...changing })
      .onConflict((conflict) => conflict.column('run').doUpdateSet(changing))
      .execute()
  }

  /** The reports of an installation, the latest first, also of one that is gone. */
  async list(installation: string): Promise<Report[]> {
    const rows = await this.#rows(installation)
    return Promise.all(rows.map(async ({ envelope, run }) => (await this.verify(envelope, `the report of job ${run}`)).report))
  }

  /**
   * The report of a revision, without one the latest.
   * @throws SealiftError `REPORT_NOT_FOUND`
   */
  async get(installation: string, revision?: number): Promise<SignedReport> {
    const rows = await this.#rows(installation)
    const row = rows.find((candidate) => revision === undefined || candidate.revision === revision)
    if (row !== undefined) return this.verify(row.envelope, `the report of ${installation}, revision ${row.revision}`)
    throw new SealiftError('REPORT_NOT_FOUND', `there is no report of ${installation}${revision === undefined ? '' : `, revision ${revision}`}`)
  }

  /**
   * Checks a report of any site and says who signed it.
   * @param what names it in errors
   * @throws SealiftError `REPORT_INVALID`, `SIGNATURE_INVALID`
   */
  async verify(envelope: Uint8Array, what: string): Promise<SignedReport> {
    const { report, signer } = openReport(envelope, what)
    return {
      report: parseReport(report, what),
      signer: formatFingerprint(signer.fingerprint),
      trust: await this.#trustIn(formatFingerprint(signer.fingerprint)),
      envelope: Buffer.from(envelope).toString('utf8'),
    }
  }

  async #trustIn(fingerprint: string): Promise<SignedReport['trust']> {
    const key = (await this.#keys.list()).find((each) => each.fingerprint === fingerprint)
    if (key === undefined) return 'unknown'
    if (key.use === 'revoked') return 'revoked'
    return key.own ? 'own' : 'trusted'
  }

  #rows(installation: string) {
    return this.#db
      .selectFrom('report')
      .select(['run', 'revision', 'envelope'])
      .where('installation', '=', installation)
      .orderBy('created_at', 'desc')
      .orderBy('revision', 'desc')
      .execute()
  }
}

async function reportOf({ plan, revision, checks }: Attestation, driver: Driver): Promise<Report> {
  const { application, version, digest } = revision.state.release
  return {
    format: 'sealift.dev/report/v1',
    installation: revision.installation,
    application,
    version,
    release: digest,
    kind: plan.kind === 'install' ? 'install' : 'upgrade',
    revision: revision.number,
    plan: plan.digest,
    outcome: revision.outcome === 'done' ? 'done' : 'failed',
    ...(revision.reason === undefined ? {} : { reason: revision.reason }),
    startedAt: revision.createdAt,
    finishedAt: revision.finishedAt ?? revision.createdAt,
    // That it stopped to answer is no reason to have no report.
    engine: await driver.capabilities().then(
      ({ engine }) => engine,
      (thrown: unknown) => `unknown: ${messageOf(thrown)}`,
    ),
    host: hostname(),
    program: `sealift ${SEALIFT_VERSION}`,
    checks: checks.map((check) => ({ ...check, passed: hasPassed(check) })),
  }
}

function parseReport(bytes: Uint8Array, what: string): Report {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new SealiftError('REPORT_INVALID', `${what}: what is signed in it is no JSON`, { cause })
  }
  const validator = Compile(Report)
  if (validator.Check(json)) return json
  const [fault] = validator.Errors(json)
  throw new SealiftError('REPORT_INVALID', `${what}: the report${fault?.instancePath.replaceAll('/', '.') ?? ''} ${fault?.message ?? 'is not as expected'}`)
}
