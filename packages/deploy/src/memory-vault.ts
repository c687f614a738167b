import { digestOf } from '@sealift/oci/digest.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { generateSecret, type SecretVault } from './secret-vault.ts'
import type { GenerateSpec } from './value.ts'

/** A vault that forgets everything with the process. */
export class MemoryVault implements SecretVault {
  readonly #values = new Map<string, string>()

  async get(id: string): Promise<string> {
    const value = this.#values.get(id)
    if (value === undefined) throw new SealiftError('SECRET_MISSING', `secret ${id} is not in the vault`)
    return value
  }

  async create(id: string, spec: GenerateSpec): Promise<void> {
    if (!this.#values.has(id)) this.#values.set(id, generateSecret(spec))
  }

  async seal(scope: string, value: string): Promise<string> {
    const id = `${scope}/${digestOf(value).slice(7, 23)}`
    this.#values.set(id, value)
    return id
  }
}
