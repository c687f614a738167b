import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { Database } from '../database/open-database.ts'
import type { MasterKey } from './master-key.ts'

const NAME = 'master-key-check'

/**
 * Makes sure that a key is the one of this data folder before anything is sealed with it: half the
 * secrets under one key and half under another would be lost for good.
 * @throws SealiftError `SECRET_KEY_MISSING`
 */
export async function checkMasterKey(db: Database, masterKey: MasterKey, keyPath: string): Promise<void> {
  const value = masterKey.authenticate(NAME)
  await db
    .insertInto('setting')
    .values({ name: NAME, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const expected = await db.selectFrom('setting').select('value').where('name', '=', NAME).executeTakeFirstOrThrow()
  if (expected.value !== value) throw new SealiftError('SECRET_KEY_MISSING', `the key file ${keyPath} is not the one of this data folder`)
}
