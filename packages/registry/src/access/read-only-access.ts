import { RegistryError } from '../registry-error.ts'
import type { RegistryAccess } from './caller.ts'

/** Everybody may read, and nobody may do anything else. */
export const READ_ONLY_ACCESS: RegistryAccess = {
  callerOf: () => ({ may: (action) => action === 'pull' }),
  challenge: () => 'Basic realm="Sealift"',
  invitesLogin: () => false,
  sendToken: () => {
    throw new RegistryError('UNSUPPORTED', 'this registry knows no logins', { status: 404 })
  },
}
