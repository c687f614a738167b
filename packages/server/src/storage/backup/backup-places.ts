import type { EncodedBlob, EncodedClaim } from '@sealift/content/content-store.ts'

/** The parts of a backup that are made before its content is copied. */
export interface BackupParts {
  readonly manifest: Buffer
  readonly mac: Buffer
  readonly blobs: Buffer
  /** A file with the copy of the database, synced. */
  readonly database: string
}

/** Where a backup is written to. Nothing is there under the backup's name before {@link BackupTarget.write} resolves, and then all of it is, durably. */
export interface BackupTarget {
  /**
   * Bytes that this backup will add.
   * @param parts bytes of the parts but the content
   */
  needs(parts: number, claims: readonly EncodedClaim[]): Promise<number>
  /** @param open opens a blob that was claimed */
  write(
    parts: BackupParts,
    claims: readonly EncodedClaim[],
    open: (claim: EncodedClaim) => Promise<EncodedBlob>,
    copied: (bytes: number) => void,
  ): Promise<WrittenBackup>
}

/** What was written. */
export interface WrittenBackup {
  /** The file, or the folder of this backup. */
  readonly path: string
  /** Bytes that were added. */
  readonly size: number
}

/** A backup to restore from. */
export interface BackupSource extends AsyncDisposable {
  /** For messages. */
  readonly what: string
  readonly manifest: Buffer
  readonly mac: Buffer
  /** The list of its blobs; its size was compared with what is said of it. */
  readBlobs(size: number): Promise<Buffer>
  /** The copy of the database, piece by piece. */
  readDatabase(size: number): AsyncIterable<Buffer>
  /** Opens blobs in the order in which the list names them. */
  openBlob(claim: EncodedClaim): Promise<EncodedBlob>
}
