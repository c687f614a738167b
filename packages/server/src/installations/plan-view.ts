import type { Plan as PlanDocument } from '@sealift/api/plan.ts'
import { countsLine, hasWork, type Plan } from '@sealift/deploy/plan/plan.ts'

/** A plan as the API shows it. */
export function planDocument(plan: Plan, application: string): PlanDocument {
  const made = plan.steps.flatMap((step) => (step.kind === 'component' ? [step.component] : []))
  const isJob = (component: string): boolean => plan.next?.components[component]?.definition.workload === 'job'
  return {
    digest: plan.digest,
    kind: plan.kind,
    installation: plan.installation,
    application,
    from: plan.from,
    to: plan.to,
    fromVersion: plan.fromRelease?.version ?? null,
    toVersion: plan.toRelease?.version ?? null,
    counts: countsLine(plan.items),
    items: plan.items.map((item) => ({ ...item })),
    findings: plan.findings.map((finding) => ({ ...finding })),
    restarts: made.filter((component) => !isJob(component)),
    runs: made.filter(isJob),
    rollbackNote: plan.rollbackNote,
    work: hasWork(plan),
  }
}
