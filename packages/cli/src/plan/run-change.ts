import type { Change } from '@sealift/api/change.ts'
import type { Changed } from '@sealift/api/changed.ts'
import { resultOf } from '@sealift/api/job.ts'
import type { Plan } from '@sealift/api/plan.ts'
import { installationRoutes } from '@sealift/api/routes/installations.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { followJob } from '../follow-job.ts'
import type { Session } from '../session.ts'
import { confirm } from './confirm.ts'
import { formatPlan, headline } from './format-plan.ts'

/** How a change is run. */
export interface RunOptions {
  /** Only show the plan. */
  readonly dryRun?: boolean
  /** How it is shown then; without it as everywhere. */
  readonly show?: (plan: Plan) => string
  /** Don't ask. */
  readonly yes: boolean
  /** The digest of a plan that was shown before: run just that, and show nothing again. */
  readonly plan?: string
  /** Whether the plan is shown and agreed to first. */
  readonly ask: boolean
}

/**
 * Plans a change, shows it, asks where someone can answer, and runs just what was shown.
 * @returns undefined where it was only to be shown or was declined
 */
export async function runChange(session: Session, change: Change, options: RunOptions): Promise<Changed | undefined> {
  const { client, answer, json, say } = session
  let digest = options.plan
  if (digest === undefined) {
    const plan = await client.call(installationRoutes.planChange, { body: { change } })
    if (options.dryRun === true) {
      answer(plan, options.show ?? ((shown) => formatPlan(shown)))
      return undefined
    }
    if (plan.unchanged) return unchanged(plan)
    if (options.ask) {
      if (!json) process.stderr.write(formatPlan(plan, { all: false }))
      refuseErrors(plan.findings)
      if (!(await confirm(`${headline(plan)}?`, { yes: options.yes || json }))) {
        say('Nothing was changed.')
        return undefined
      }
    }
    digest = plan.digest
  }
  const job = await client.call(installationRoutes.startChange, { body: { change, plan: digest } })
  return resultOf(await followJob(session, job), change.kind)
}

/** Where nothing would be done nor recorded, no job is started for it. */
function unchanged({ installation, application, toVersion, from }: Plan): Changed {
  return { installation, application, version: toVersion, revision: from ?? 0, unchanged: true, checks: [] }
}

function refuseErrors(findings: readonly { severity: string; subject: string; message: string; hint: string }[]): void {
  const [error] = findings.filter(({ severity }) => severity === 'error')
  if (error !== undefined) throw new SealiftError('PREFLIGHT_FAILED', `${error.subject}: ${error.message}`, { hint: error.hint })
}
