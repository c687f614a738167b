import { findCycle } from '../../find-cycle.ts'
import type { ImportReport } from '../import-note.ts'
import type { Draft, DraftDependency } from './draft.ts'
import { expectsHost, hostMentions } from './host-mentions.ts'
import { type DraftSlots, ownSlots } from './slots-of-draft.ts'

/** Who names whom as a host: components by component. */
export type Mentions = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Puts the names of components in the place of other names for them (aliases, names of containers, names
 * that are no DNS label), and finds out who uses whom.
 */
export function resolveHosts({ components }: Draft, slots: DraftSlots, report: ImportReport): Mentions {
  const hosts = new Map<string, string>()
  for (const { name, hostNames } of components) for (const host of hostNames) if (!hosts.has(host)) hosts.set(host, name)
  for (const { name } of components) hosts.set(name, name)
  const mentions = new Map<string, Set<string>>(components.map(({ name }) => [name, new Set<string>()]))
  const longestFirst = [...hosts].toSorted(([a], [b]) => b.length - a.length)
  const replaced = new Map<string, Set<string>>()
  for (const each of slots.components) {
    const { name } = each.component
    const own = ownSlots(each)
    for (const [index, slot] of own.entries()) {
      const before = own[index - 1]
      const named = slot.kind === 'env' ? slot.name : before?.name === slot.name && expectsHost(before.text) ? 'HOST' : undefined
      for (const [host, component] of longestFirst) {
        for (const mention of hostMentions(slot.text, host, named)) {
          if (!slot.isFree(mention.start, mention.end)) continue
          if (component !== name) mentions.get(name)?.add(component)
          if (host !== component && slot.replace({ ...mention, with: { text: component } })) note(replaced, host, component, `${name}/${slot.name}`)
        }
      }
    }
  }
  for (const { slot, users } of slots.files.values()) {
    for (const [host, component] of longestFirst) {
      for (const mention of hostMentions(slot.text, host)) {
        for (const user of users) if (component !== user) mentions.get(user)?.add(component)
        if (host !== component && slot.replace({ ...mention, with: { text: component } })) note(replaced, host, component, slot.name)
      }
    }
  }
  for (const [change, places] of replaced) {
    report.note({
      kind: 'changed',
      subject: 'host names',
      message: `${change} in ${[...places].join(', ')}: inside an application a component is reached by its name.`,
    })
  }
  return mentions
}

function note(replaced: Map<string, Set<string>>, host: string, component: string, place: string): void {
  const key = `${host} is now ${component}`
  replaced.set(key, (replaced.get(key) ?? new Set()).add(place))
}

/**
 * The dependencies of each component: those that the source gives, then those that are proposed since one
 * names the other as its host. A proposed one waits, unless that would make a circle. Where the source tells
 * nothing of an order, whoever uses what a job works on waits for the job too.
 */
export function proposeDependencies(
  { components, orderKnown }: Draft,
  mentions: Mentions,
  report: ImportReport,
): ReadonlyMap<string, readonly DraftDependency[]> {
  const names = new Set(components.map(({ name }) => name))
  const all = new Map(components.map(({ name, dependsOn }) => [name, dependsOn.filter(({ component }) => names.has(component) && component !== name)]))
  const waits = new Map([...all].map(([name, list]) => [name, list.filter(({ wait }) => wait !== 'none').map(({ component }) => component)]))
  /** Adds a dependency that is not there yet; says whether it waits, undefined where it was there. */
  const propose = (name: string, component: string, evenWithoutWaiting: boolean): boolean | undefined => {
    const present = all.get(name) ?? []
    if (present.some((dependency) => dependency.component === component)) return undefined
    const circle = findCycle(new Map([...waits, [name, [...(waits.get(name) ?? []), component]]])) !== undefined
    if (circle && !evenWithoutWaiting) return undefined
    if (!circle) waits.set(name, [...(waits.get(name) ?? []), component])
    all.set(name, [...present, { component, ...(circle ? { wait: 'none' as const } : {}) }])
    return !circle
  }
  for (const { name, subject } of components) {
    const waiting: string[] = []
    const free: string[] = []
    for (const { name: component } of components) {
      if (mentions.get(name)?.has(component) !== true) continue
      const waits = propose(name, component, true)
      if (waits !== undefined) (waits ? waiting : free).push(component)
    }
    const tell = (message: string): void => report.note({ kind: 'changed', component: name, subject: `${subject}: dependencies`, message })
    if (waiting.length > 0)
      tell(
        `depends on ${waiting.join(', ')}, since it names ${waiting.length === 1 ? 'it as a host' : 'them as hosts'}; starts when ${waiting.length === 1 ? 'that is' : 'they are'} healthy.`,
      )
    if (free.length > 0) tell(`uses ${free.join(', ')} and does not wait, since that would be a circle.`)
  }
  if (!orderKnown) proposeJobs(components, all, propose, report)
  return all
}

function proposeJobs(
  components: Draft['components'],
  all: ReadonlyMap<string, readonly DraftDependency[]>,
  propose: (name: string, component: string, evenWithoutWaiting: boolean) => boolean | undefined,
  report: ImportReport,
): void {
  const usedBy = (name: string): string[] => (all.get(name) ?? []).map(({ component }) => component)
  for (const job of components.filter(({ workload }) => workload === 'job')) {
    const worksOn = usedBy(job.name)
    for (const { name, workload, subject } of components) {
      if (workload === 'job' || !usedBy(name).some((component) => worksOn.includes(component))) continue
      if (propose(name, job.name, false) !== true) continue
      report.note({
        kind: 'changed',
        component: name,
        subject: `${subject}: dependencies`,
        message: `waits until ${job.name} has ended, since both use ${worksOn.filter((each) => usedBy(name).includes(each)).join(', ')}.`,
      })
    }
  }
}
