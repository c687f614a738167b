import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder, renameDurably } from '@sealift/content/filesystem/durable.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const VERSION = 1

/** Encrypts what must not be read at rest. `context` binds a sealed text to its place: it opens nowhere else. */
export interface MasterKey {
  seal(plain: string, context: string): Buffer
  /** @throws SealiftError `SECRET_UNREADABLE` */
  unseal(sealed: Uint8Array, context: string): string
  /** A keyed hash: equal for equal texts, and of no use to who lacks the key. */
  authenticate(text: string): string
}

/**
 * Where the key of a data folder lies: beside it and never inside, so that a copy of the folder
 * holds no readable secret.
 */
export function masterKeyPath(dataFolder: string): string {
  return process.env.SEALIFT_KEY_FILE || `${dataFolder}.key`
}

/**
 * Reads the key, or makes it (mode 0600) where the data folder is new.
 * @throws SealiftError `SECRET_KEY_MISSING` where an existing data folder has lost its key
 */
export async function openMasterKey(path: string, isNew: boolean): Promise<MasterKey> {
  let key: Buffer
  try {
    key = await readMasterKey(path)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    if (!isNew) throw new SealiftError('SECRET_KEY_MISSING', `the key file ${path} is missing`)
    key = randomBytes(KEY_BYTES)
    await writeMasterKey(path, key)
  }
  return createMasterKey(key)
}

/**
 * The bytes of a key, for those who carry it elsewhere.
 * @throws SealiftError `SECRET_KEY_MISSING` where the file holds something else
 */
export async function readMasterKey(path: string): Promise<Buffer> {
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
  if (key.length !== KEY_BYTES) throw new SealiftError('SECRET_KEY_MISSING', `${path} holds no key of ${KEY_BYTES} bytes`)
  return key
}

/** Writes a key that nobody else may read, whole or not at all: an empty key file would lock the data folder for ever. */
export async function writeMasterKey(path: string, key: Buffer): Promise<void> {
  await makeFolder(dirname(path))
  const temporary = `${path}.${randomBytes(6).toString('hex')}.partial`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(`${key.toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await renameDurably(temporary, path)
}

/** AES-256-GCM with a random nonce: version, nonce, tag, cipher text. */
export function createMasterKey(key: Buffer): MasterKey {
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), body])
    },
    unseal(sealed, context) {
      const bytes = Buffer.from(sealed)
      try {
        if (bytes[0] !== VERSION) throw new Error(`version ${bytes[0]}`)
        const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
        const body = bytes.subarray(1 + NONCE_BYTES + TAG_BYTES)
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context))
        decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES))
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new SealiftError('SECRET_UNREADABLE', `the secret ${context} can't be opened with this key file`, { cause })
      }
    },
    authenticate: (text) => createHmac('sha256', key).update(text).digest('hex'),
  }
}
