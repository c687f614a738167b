import type { Comparison, PlanItem as ItemDocument, Plan as PlanDocument } from '@sealift/api/plan.ts'
import { type FileDetails, fileDetails } from '@sealift/deploy/plan/file-details.ts'
import { nameIn } from '@sealift/deploy/plan/lineage.ts'
import { changesNothing, countsLine, hasWork, itemSelector, type Plan, type PlanItem } from '@sealift/deploy/plan/plan.ts'

function itemDocument(item: PlanItem, file?: FileDetails): ItemDocument {
  const document = { ...item, selector: itemSelector(item) }
  if (file === undefined) return document
  const { offer, ...rest } = file
  if (offer === undefined) return { ...document, file: rest }
  const conflicts = offer.conflicts.map(({ base, site, vendor, ...at }) => ({ ...at, base: [...base], site: [...site], vendor: [...vendor] }))
  return { ...document, file: { ...rest, offer: { ...offer, conflicts } } }
}

/**
 * A plan as the API shows it.
 * @param contents the files that it is about, by digest
 */
export function planDocument(plan: Plan, application: string, contents: ReadonlyMap<string, Buffer>): PlanDocument {
  const made = plan.steps.flatMap((step) => (step.kind === 'component' ? [step.component] : []))
  const isJob = (component: string): boolean => plan.next?.components[component]?.definition.workload === 'job'
  const isNew = new Set(plan.items.flatMap(({ kind, component, now }) => (kind === 'component' && component !== null && now === null ? [component] : [])))
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
    items: plan.items.map((item) => itemDocument(item, fileDetails(plan, item, contents))),
    findings: plan.findings.map((finding) => ({ ...finding })),
    restarts: made.filter((component) => !isJob(component) && !isNew.has(component)),
    starts: made.filter((component) => !isJob(component) && isNew.has(component)),
    removes: plan.steps.flatMap((step) => (step.kind === 'remove' && !goesOn(plan, step.component) ? [step.component] : [])),
    runs: made.filter(isJob),
    rollbackNote: plan.rollbackNote,
    work: hasWork(plan),
    unchanged: changesNothing(plan),
  }
}

/** Whether a component goes on under another name. */
function goesOn({ previous, next }: Plan, component: string): boolean {
  const name = previous === null || next === null ? undefined : nameIn(next, component, previous)
  return name !== undefined && name !== component
}

/**
 * A comparison as the API shows it.
 * @param files what is behind each item, in their order
 */
export function comparisonDocument(
  items: readonly PlanItem[],
  about: Pick<Comparison, 'application' | 'from' | 'to'>,
  files: readonly (FileDetails | undefined)[] = [],
): Comparison {
  return { ...about, counts: countsLine(items), items: items.map((item, index) => itemDocument(item, files[index])) }
}
