import type { Secret } from '@sealift/api/routes/secrets.ts'
import { type ListedSecret, listSecrets } from '@sealift/deploy/secret-list.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { suggestion } from '@sealift/template/did-you-mean.ts'
import type { EventLog } from '../supervision/event-log.ts'
import type { InstallationOpener } from '../supervision/opened-installation.ts'
import type { DatabaseVault } from './database-vault.ts'
import type { InstallationRegistry } from './installation-registry.ts'

/** Tells of the secrets of installations. */
export class SecretView {
  readonly #installations: InstallationRegistry
  readonly #opener: InstallationOpener
  readonly #vault: DatabaseVault
  readonly #events: EventLog

  constructor(parts: { installations: InstallationRegistry; opener: InstallationOpener; vault: DatabaseVault; events: EventLog }) {
    this.#installations = parts.installations
    this.#opener = parts.opener
    this.#vault = parts.vault
    this.#events = parts.events
  }

  /** All about the secrets of an installation but their values. @throws SealiftError `INSTALLATION_NOT_FOUND` */
  async list(name: string): Promise<Secret[]> {
    const created = await this.#vault.createdAt(name)
    return (await this.#listed(name)).map(({ id, name: secret, origin, usedBy, heldBy }) => ({
      name: secret,
      origin,
      createdAt: created.get(id) ?? null,
      usedBy: [...usedBy],
      heldBy: [...heldBy],
    }))
  }

  /**
   * The value of one secret, for a person who asked for it.
   * @throws SealiftError `INSTALLATION_NOT_FOUND`, `NAME_UNKNOWN`, `SECRET_MISSING`
   */
  async show(name: string, secret: string): Promise<{ name: string; value: string }> {
    const listed = await this.#listed(name)
    const found = listed.find((candidate) => candidate.name === secret)
    if (found === undefined) {
      const names = listed.map((candidate) => candidate.name)
      throw new SealiftError('NAME_UNKNOWN', `${name} has no secret ${JSON.stringify(secret)}`, {
        hint: suggestion(secret, names) || `It has: ${names.join(', ')}`,
      })
    }
    const value = await this.#vault.get(found.id)
    await this.#events.note({ installation: name, reason: 'SecretShown', message: `The value of ${secret} was shown.` })
    return { name: secret, value }
  }

  async #listed(name: string): Promise<readonly ListedSecret[]> {
    return listSecrets((await this.#opener.open(await this.#installations.get(name))).resolve)
  }
}
