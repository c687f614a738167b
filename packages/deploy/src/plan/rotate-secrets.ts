import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { Finding } from '../driver.ts'
import type { ResolveContext } from '../resolve.ts'
import { type ListedSecret, listSecrets, nextSecretId, withSecretIds } from '../secret-list.ts'
import type { WantedState } from '../state.ts'
import type { Notes } from './note.ts'

/** Which generated secrets get a new value. */
export interface Rotation {
  /** By the names that {@link listSecrets} gives; without any, all that can be without harm. */
  readonly secrets: readonly string[]
  /** Also those that a component holds in its data, where the new value has to be set by hand. */
  readonly held: boolean
}

/**
 * A state whose chosen secrets are to be generated anew, under new names: whatever is cut off finds
 * either the old value or the new one, and all that uses it is restarted with it.
 * @throws SealiftError `NAME_UNKNOWN`, `SECRET_NOT_GENERATED`, `SECRET_HELD`
 */
export function rotateSecrets(
  context: ResolveContext,
  { secrets, held }: Rotation,
  notes: Notes,
): { readonly next: WantedState; readonly findings: readonly Finding[] } {
  const listed = listSecrets(context)
  const chosen =
    secrets.length === 0
      ? listed.filter(({ origin, heldBy }) => origin === 'generated' && (held || heldBy.length === 0))
      : secrets.map((name) => find(listed, name, held))
  const ids = new Map(chosen.map(({ id }) => [id, nextSecretId(id)]))
  const why = 'Rotated: a new value is generated.'
  for (const [component, { connection, env }] of Object.entries(context.state.components)) {
    for (const [kind, values] of [['connection', connection] as const, ['env', env] as const]) {
      for (const [name, { secretId }] of Object.entries(values)) {
        if (secretId !== undefined && ids.has(secretId)) notes.add({ component, kind, name, effect: 'generated', why })
      }
    }
  }
  const left = secrets.length === 0 && !held ? listed.filter(({ origin, heldBy }) => origin === 'generated' && heldBy.length > 0) : []
  return {
    next: withSecretIds(context.state, (id) => ids.get(id) ?? id),
    findings: [
      ...chosen.filter(({ heldBy }) => heldBy.length > 0).map(heldFinding),
      ...left.map(
        ({ name, heldBy }): Finding => ({
          severity: 'warning',
          subject: `secret ${name}`,
          message: `Left as it is: ${heldBy.join(', ')} holds it in its data.`,
          hint: `Rotate it by name with --held, and set the new value in the data of ${heldBy.join(', ')} by hand.`,
        }),
      ),
    ],
  }
}

function find(listed: readonly ListedSecret[], name: string, held: boolean): ListedSecret {
  const secret = listed.find((candidate) => candidate.name === name || candidate.id === name)
  if (secret === undefined) {
    const names = listed.map((candidate) => candidate.name)
    throw new SealiftError('NAME_UNKNOWN', `there is no secret ${JSON.stringify(name)}`, { hint: suggestion(name, names) || `There are: ${names.join(', ')}` })
  }
  if (secret.origin !== 'generated') {
    throw new SealiftError('SECRET_NOT_GENERATED', `secret ${name} was set by the site`, { hint: 'Set another value with sealift configure.' })
  }
  if (secret.heldBy.length > 0 && !held) {
    const owner = secret.heldBy.join(', ')
    throw new SealiftError('SECRET_HELD', `secret ${name}: ${owner} keeps data, which knows the present value`, {
      hint: `With another value, what uses it would no longer get into ${owner}. Where you can change it there by hand, pass --held, and change it in the data of ${owner} as soon as it is up.`,
      details: { heldBy: secret.heldBy },
    })
  }
  return secret
}

function heldFinding({ name, heldBy }: ListedSecret): Finding {
  const owner = heldBy.join(', ')
  return {
    severity: 'warning',
    subject: `secret ${name}`,
    message: `The data of ${owner} knows the old value: until it is changed there, nothing that logs in with the new one gets in.`,
    hint: `Change it in ${owner} with its own tools; sealift secret show gives the new value.`,
  }
}

/** What a reinstallation over kept data generates goes by the names that the data knows. */
export function adoptSecrets(next: WantedState, kept: WantedState | undefined): WantedState {
  if (kept === undefined) return next
  return withSecretIds(next, (id, component, name) => {
    const before = kept.components[component]?.connection[name] ?? kept.components[component]?.env[name]
    return before?.origin === 'generated' && before.secretId !== undefined ? before.secretId : id
  })
}
