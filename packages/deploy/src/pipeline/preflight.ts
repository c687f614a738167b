import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { canonicalJson } from '@sealift/template/canonical-json.ts'
import type { Driver, Finding } from '../driver.ts'
import type { Plan, Step } from '../plan/plan.ts'
import { stepsFor } from '../plan/steps.ts'
import { resolveComponent, wantedImage } from '../resolve.ts'
import { secretNames } from '../scope.ts'
import { loadContents } from './load-contents.ts'
import type { PipelineContext } from './pipeline-context.ts'

/**
 * Looks whether the plan is still what would happen, and whether the target is fit for it. Changes nothing.
 * @throws SealiftError `PLAN_CHANGED`, `PREFLIGHT_FAILED`
 */
export async function preflight(plan: Plan, { driver, content, report }: PipelineContext): Promise<void> {
  const { installation, next, previous, kind, data } = plan
  report({ stage: 'preflight', message: 'Looking at the target.' })
  const errors = plan.findings.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw unfit(installation, errors)
  if (next === null) return
  const observed = await driver.observe(installation)
  const contents = await loadContents([previous, next], content)
  const steps = stepsFor({ kind, installation, previous, next, observed, contents, data })
  if (canonicalJson(steps) !== canonicalJson(plan.steps)) {
    const [now, then] = [idsOf(steps), idsOf(plan.steps)]
    const differing = [...now.filter((id) => !then.includes(id)), ...then.filter((id) => !now.includes(id))]
    throw new SealiftError(
      'PLAN_CHANGED',
      `${installation}: the target changed since the plan was made${differing.length === 0 ? '' : `: it differs in ${differing.join(', ')}`}`,
    )
  }
  if (steps.length === 0) return
  const affected = steps.flatMap((step) => (step.kind === 'component' ? [step.component] : []))
  const images = steps.flatMap((step) => (step.kind === 'images' ? step.images : []))
  const missing = new Set((await driver.missingImages(images.map(wantedImage))).map(({ localName }) => localName))
  const layers = new Map(images.flatMap(({ localName, layers }) => (missing.has(localName) ? layers.map(({ digest, size }) => [digest, size] as const) : [])))
  const findings = [
    ...(await driver.preflight({
      installation,
      components: affected.map((name) => resolveComponent({ installation, state: next, contents }, name, secretNames)),
      imageBytes: [...layers.values()].reduce((sum, size) => sum + size, 0),
    })),
    ...(await spaceForCopies(driver, installation, steps)),
  ]
  for (const { severity, subject, message } of findings) if (severity === 'warning') report({ stage: 'preflight', message: `${subject}: ${message}` })
  const refused = findings.filter(({ severity }) => severity === 'error')
  if (refused.length > 0) throw unfit(installation, refused)
}

/** Whether there is room for the volumes that are copied. */
async function spaceForCopies(driver: Driver, installation: string, steps: readonly Step[]): Promise<readonly Finding[]> {
  const copied = steps.flatMap((step) => (step.kind === 'snapshot' ? [step.source] : step.kind === 'restore' ? [step.from] : []))
  if (copied.length === 0) return []
  const usages = (await driver.measureVolumes(installation, copied)).filter(({ clones }) => !clones)
  const needed = usages.reduce((sum, { stored }) => sum + stored, 0)
  const free = Math.min(...usages.map((usage) => usage.free))
  if (needed <= free) return []
  const sizes = usages.map(({ volume, stored }) => `${volume} ${megabytes(stored)} MB`).join(', ')
  return [
    {
      severity: 'error',
      subject: 'disk',
      message: `copying data takes ${megabytes(needed)} MB (${sizes}); ${megabytes(free)} MB are free where the target keeps volumes`,
      hint: 'Free space there: sealift snapshot list shows older copies that could go. Or do without a copy: --no-snapshot; a failure can then not bring the data back.',
    },
  ]
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1_000_000)

function idsOf(steps: readonly Step[]): readonly string[] {
  return steps.map(({ id }) => id)
}

function unfit(installation: string, findings: readonly Pick<Finding, 'subject' | 'message' | 'hint'>[]): SealiftError {
  return new SealiftError('PREFLIGHT_FAILED', `${installation}: ${findings.map(({ subject, message }) => `${subject}: ${message}`).join('; ')}`, {
    hint: [...new Set(findings.map(({ hint }) => hint))].join(' '),
    details: { findings },
  })
}
