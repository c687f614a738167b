import type { ConnectionValue } from '../../schema/connection-value.ts'
import type { Parameter } from '../../schema/parameter.ts'
import type { Draft } from '../draft/draft.ts'
import type { ImportReport } from '../import-note.ts'
import { type DecidedSecret, secretNames } from './decide-secrets.ts'

/** What secrets add to a template. */
export interface AppliedSecrets {
  /** By component. */
  readonly connection: ReadonlyMap<string, readonly ConnectionValue[]>
  readonly parameters: readonly Parameter[]
  /** Components that use a connection value of another one: the user, the owner. */
  readonly dependencies: readonly { readonly component: string; readonly on: string }[]
  /** `COMPONENT/VARIABLE` whose literals the publisher wants to keep. */
  readonly allowed: readonly string[]
}

/** Puts the names of connection values and parameters where secrets stand, and says what was decided. */
export function applySecrets(draft: Draft, secrets: readonly DecidedSecret[], report: ImportReport): AppliedSecrets {
  const connection = new Map<string, ConnectionValue[]>()
  const parameters: Parameter[] = []
  const dependencies: { component: string; on: string }[] = []
  const allowed: string[] = []
  for (const secret of secrets) {
    const { owner, name, choice, generate, uses, reason } = secret
    const places = secretNames(secret)
    const subject = draft.components.find((component) => component.name === owner)?.subject ?? owner
    const tell = (message: string): void => report.note({ kind: 'secret', component: owner, subject, message: `${places.join(', ')}: ${message}` })
    if (choice === 'keep-literal') {
      allowed.push(...places)
      tell('stays as it is, and is the same at every site.')
      continue
    }
    if (choice === 'generate') {
      connection.set(owner, [...(connection.get(owner) ?? []), { name, generate }])
      tell(`generated at each site, as ${name} of ${owner} (${reason}).`)
    } else {
      parameters.push({ name, title: `Secret for ${[...new Set(uses.map(({ component }) => component))].join(', ')}`, type: 'secret', required: true })
      tell(`asked for at each site, as parameter ${name} (${reason}).`)
    }
    for (const { component, slot, start, end } of uses) {
      const value = choice === 'parameter' ? `parameters.${name}` : component === owner && slot.kind !== 'file' ? `self.${name}` : `components.${owner}.${name}`
      slot.replace({ start, end, with: { value } })
      if (choice === 'generate' && component !== owner && !dependencies.some((each) => each.component === component && each.on === owner)) {
        dependencies.push({ component, on: owner })
      }
    }
  }
  return { connection, parameters, dependencies, allowed }
}
