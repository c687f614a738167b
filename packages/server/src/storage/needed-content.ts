import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Revision } from '@sealift/deploy/revision.ts'
import { contentOf as contentOfState } from '@sealift/deploy/state.ts'
import { type Digest, isDigest } from '@sealift/oci/digest.ts'
import { isSealiftError, SealiftError } from '@sealift/oci/sealift-error.ts'
import { contentOf, type Release } from '@sealift/template/release.ts'
import { withCodes } from '../database/node-sqlite.ts'
import type { ContentRoot } from './content-root.ts'

/** What is told of jobs names content too, but nobody goes back to it. */
const TELLING_TABLES: readonly string[] = ['job', 'job_log']

const DIGESTS = /sha256:[0-9a-f]{64}/g
/** Rows that are read at a time, so that other work gets its turn in between. */
const PAGE = 50

/** What finds out which content is needed. */
export interface NeededContentOptions {
  /** The file of the database, which may be a copy. */
  readonly database: string
  /** Reads a release that the database names; undefined passes over what it needs. */
  readonly release: (digest: Digest) => Promise<Release | undefined>
  readonly roots: readonly ContentRoot[]
}

/** Who needs a blob, in words. */
export interface Need {
  readonly digest: Digest
  readonly by: string
  /** Whether it must be in the store. Other digests that a row names may be of something else, like a plan. */
  readonly certain: boolean
}

/**
 * Everything that is needed, with who needs it: each digest that any row of the database names, so that
 * nobody has to remember to list what a new table refers to; all content of the releases; and what the roots
 * add. The database is read as it was at one moment.
 * @throws SealiftError `CONTENT_MISSING`, `CONTENT_CORRUPT` where a release document can't be read, since what it needs is not known then
 */
export async function* neededContent({ database, release, roots }: NeededContentOptions): AsyncGenerator<Need> {
  const releases: { digest: Digest; name: string }[] = []
  for await (const { table, row } of rowsOf(database)) {
    const by = ownerOf(table, row)
    if (table === 'release' && isDigest(row.digest)) releases.push({ digest: row.digest, name: by })
    if (table === 'revision') for (const digest of contentOfRevision(row)) yield { digest, by, certain: true }
    for (const value of Object.values(row)) {
      if (typeof value !== 'string') continue
      for (const [digest] of value.matchAll(DIGESTS)) yield { digest: digest as Digest, by, certain: table === 'release' }
    }
  }
  for (const { digest, name } of releases) {
    const read = await readRelease(release, digest, name)
    for (const descriptor of read === undefined ? [] : contentOf(read)) yield { digest: descriptor.digest, by: name, certain: true }
  }
  for (const root of roots) for (const digest of await root.content()) yield { digest, by: root.name, certain: true }
}

function contentOfRevision({ revision_json }: Row): Iterable<Digest> {
  const { state } = JSON.parse(String(revision_json)) as Partial<Revision>
  return state ? contentOfState(state) : []
}

async function readRelease(read: NeededContentOptions['release'], digest: Digest, name: string): Promise<Release | undefined> {
  try {
    return await read(digest)
  } catch (thrown) {
    if (!isSealiftError(thrown)) throw thrown
    throw new SealiftError(thrown.code, `${name}: its document can not be read, so that it is not known what it needs: ${thrown.message}`, {
      hint: 'Import the bundle that carries this release, or publish it, once more.',
      cause: thrown,
    })
  }
}

type Row = Readonly<Record<string, SQLOutputValue>>

async function* rowsOf(path: string): AsyncGenerator<{ readonly table: string; readonly row: Row }> {
  const database = withCodes(() => new DatabaseSync(path, { readOnly: true }))
  try {
    // Everything that is read until the end is as it was at the first read, whatever is committed meanwhile.
    withCodes(() => database.exec('BEGIN'))
    const tables = database.prepare(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`).all() as { name: string }[]
    for (const { name: table } of tables) {
      if (TELLING_TABLES.includes(table)) continue
      const rows = database.prepare(`select * from "${table.replaceAll('"', '""')}"`).iterate() as Iterable<Row>
      let read = 0
      for (const row of rows) {
        yield { table, row }
        if (++read % PAGE === 0) await nextTurn()
      }
    }
  } finally {
    database.close()
  }
}

function ownerOf(table: string, row: Row): string {
  const { application, version, installation, number } = row
  if (table === 'release') return `release ${String(application)} ${String(version)}`
  if (table === 'revision') return `revision ${String(number)} of ${String(installation)}`
  if (table === 'run') return `a change of ${String(installation)}`
  return table.replaceAll('_', ' ')
}
