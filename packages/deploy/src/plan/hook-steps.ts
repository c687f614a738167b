import type { HookDefinition, HookMoment } from '../accompanying-containers.ts'
import type { PinnedImage } from '../pinned-image.ts'
import { isActive, type WantedState } from '../state.ts'
import type { Step } from './plan.ts'
import type { Scope, StepInput } from './steps.ts'

/** A step that runs a hook. */
export type HookStep = Extract<Step, { readonly kind: 'hook' }>

/** The hook that a step runs. */
export function hookOf({ previous, next }: Pick<StepInput, 'previous' | 'next'>, { component, moment, of }: HookStep): HookDefinition | undefined {
  return (of === 'previous' ? previous : next)?.components[component]?.definition.hooks?.[moment]
}

/**
 * The hooks that run before anything is replaced: beforeUpgrade of what is upgraded, as the new release
 * has it; beforeRollback of what goes back, as what is left has it, unless its data is brought back anyway.
 */
export function beforeHooks(input: StepInput, scope: Scope): readonly Step[] {
  const { kind, previous, next, data } = input
  if (previous === null) return []
  const isThere = (name: string): boolean => isActive(previous, name) && isActive(next, name)
  const isRestored = (name: string): boolean => data.restores.some(({ component }) => component === name)
  switch (kind) {
    case 'upgrade':
      return chain(scope, 'beforeUpgrade', 'next', next, scope.affected.filter(isThere), ['installation'])
    case 'rollback':
      return chain(
        scope,
        'beforeRollback',
        'previous',
        previous,
        scope.affected.filter((name) => isThere(name) && !isRestored(name)),
        ['installation'],
      )
    case 'return':
      return chain(
        scope,
        'beforeRollback',
        'previous',
        previous,
        (data.undo?.begun ?? []).filter((name) => isThere(name) && !isRestored(name)),
        ['installation'],
      )
    case 'install':
    case 'configure':
    case 'uninstall':
      return []
  }
}

/** The hooks that run once all is healthy. */
export function afterHooks({ kind, previous, next }: StepInput, scope: Scope, applied: readonly string[]): readonly Step[] {
  if (kind !== 'upgrade' || previous === null) return []
  return chain(
    scope,
    'afterUpgrade',
    'next',
    next,
    scope.affected.filter((name) => isActive(previous, name)),
    applied,
  )
}

/** The images of hooks that the wanted state does not name. */
export function hookImages(input: StepInput, steps: readonly Step[]): readonly PinnedImage[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'hook' || step.of === 'next') return []
    const image = hookOf(input, step)?.image ?? input.previous?.components[step.component]?.image
    return image === undefined ? [] : [image]
  })
}

/** One hook after the other, in the order in which components wait for each other. */
function chain(
  { wave }: Scope,
  moment: HookMoment,
  of: 'previous' | 'next',
  state: WantedState,
  names: readonly string[],
  after: readonly string[],
): readonly Step[] {
  const steps: Step[] = []
  for (const component of names.toSorted((a, b) => (wave.get(a) ?? 0) - (wave.get(b) ?? 0))) {
    if (state.components[component]?.definition.hooks?.[moment] === undefined) continue
    const previous = steps.at(-1)
    steps.push({ id: `hook ${moment} ${component}`, after: previous === undefined ? after : [previous.id], kind: 'hook', component, moment, of })
  }
  return steps
}
