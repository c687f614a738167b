import type { HookMoment } from '../accompanying-containers.ts'
import { hookOf } from './hook-steps.ts'
import type { PlanItem, Step } from './plan.ts'
import { shownHook } from './shown.ts'
import { stakesOf } from './stakes.ts'
import type { StepInput } from './steps.ts'

const HOOK_WHY: Readonly<Record<HookMoment, string>> = {
  quiesce: 'It brings its data to rest while that is copied.',
  beforeUpgrade: 'It prepares the upgrade before anything is replaced.',
  afterUpgrade: 'It completes the upgrade once everything is healthy.',
  beforeRollback: 'It prepares the way back before anything is replaced.',
}

/** What a plan does beside bringing components to their states, as items: hooks, copies of data, data that comes back. */
export function dataItems(input: StepInput, steps: readonly Step[]): readonly PlanItem[] {
  const affected = steps.flatMap((step) => (step.kind === 'component' ? [step.component] : []))
  const reasons = new Map(stakesOf(input, affected).map((stake) => [stake.source, stake]))
  const copied = new Set(steps.flatMap((step) => (step.kind === 'snapshot' ? [step.component] : [])))
  const restartsWith = new Set(steps.flatMap((step) => (step.kind === 'component' || step.kind === 'start' ? [step.component] : [])))
  return steps.flatMap((step): readonly PlanItem[] => {
    switch (step.kind) {
      case 'hook': {
        const hook = hookOf(input, step)
        const { component, moment } = step
        const then = hook === undefined ? 'runs' : shownHook(hook)
        return [{ component, kind: 'run', name: moment, now: null, then, effect: 'run', why: HOOK_WHY[moment], restart: false }]
      }
      case 'stop': {
        if (copied.has(step.component)) return []
        const why = 'It writes to what is copied.'
        return [
          {
            component: step.component,
            kind: 'run',
            name: 'stop',
            now: 'runs',
            then: 'stands while data is copied',
            effect: 'run',
            why,
            restart: restartsWith.has(step.component),
          },
        ]
      }
      case 'snapshot': {
        const { component, volume, source } = step
        const stops = steps.some(({ id }) => id === `stop ${component}`)
        const quiesced = steps.some(({ id }) => id === `hook quiesce ${component}`)
        const then = stops ? 'copied while it stands still' : quiesced ? 'copied while it is quiesced' : 'copied'
        return [
          {
            component,
            kind: 'snapshot',
            name: nameOf(volume, source),
            now: null,
            then,
            effect: 'copied',
            why: whyCopied(component, reasons.get(source)?.because),
            restart: stops,
          },
        ]
      }
      case 'restore': {
        const { component, volume, from, to, takenAt } = step
        const why = `From snapshot ${from}. What was written since then does not come along; it stays aside until it is pruned.`
        return [
          {
            component,
            kind: 'snapshot',
            name: nameOf(volume, to),
            now: 'data of now',
            then: `data of ${shownTime(takenAt)}`,
            effect: 'restored',
            why,
            restart: true,
          },
        ]
      }
      case 'discard': {
        const why = 'Data that another generation replaced, and that nothing uses.'
        return [
          {
            component: step.volume.split('.')[1] ?? null,
            kind: 'volume',
            name: step.volume,
            now: 'left aside',
            then: null,
            effect: 'removed',
            why,
            restart: false,
          },
        ]
      }
      case 'generate':
      case 'images':
      case 'installation':
      case 'start':
      case 'component':
      case 'wait':
      case 'remove':
      case 'uninstall':
      case 'check':
        return []
    }
  })
}

/** `2030-01-31 10:00 UTC` */
function shownTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

/** Further replicas have volumes of their own, told apart by their number. */
function nameOf(volume: string, target: string): string {
  const replica = target.split('.')[4]
  return replica === undefined ? volume : `${volume} of replica ${replica}`
}

function whyCopied(component: string, because: string | null | undefined): string {
  if (because === null || because === undefined) return 'A snapshot was asked for.'
  return because === component ? 'Its data cannot go back to the version before.' : `What ${because} does to this data cannot be undone.`
}
