import type { Digest } from '@sealift/oci/digest.ts'
import type { Generated } from 'kysely'

/** The rows that a data folder keeps beside content. Times are ISO 8601 in UTC; `*_json` columns hold JSON. */
export interface Tables {
  release: ReleaseRow
  release_label: ReleaseLabelRow
  application: ApplicationRow
  key: KeyRow
  target: TargetRow
  environment: EnvironmentRow
  installation: InstallationRow
  revision: RevisionRow
  run: RunRow
  run_step: RunStepRow
  snapshot: SnapshotRow
  report: ReportRow
  secret: SecretRow
  job: JobRow
  job_log: JobLogRow
  setting: SettingRow
  registry_blob: RegistryBlobRow
  registry_manifest: RegistryManifestRow
  registry_part: RegistryPartRow
  registry_tag: RegistryTagRow
  registry_token: RegistryTokenRow
  certificate: CertificateRow
  trust_root: TrustRootRow
  stopped_component: StoppedComponentRow
  event: EventRow
  cron: CronRow
}

/** A release that this side holds; its document and signature are blobs. */
export interface ReleaseRow {
  digest: Digest
  application: string
  version: string
  sequence: number
  created_at: string
  arrived_at: string
  origin: 'published' | 'imported'
  signature: Digest | null
  signer: string
  /** That of its application when it arrived. */
  epoch: Generated<number>
}

/** Which release a version's label points to. */
export interface ReleaseLabelRow {
  application: string
  version: string
  digest: Digest
}

/** An application and the key that it is bound to here. */
export interface ApplicationRow {
  name: string
  bound_key: string
  last_sequence: number
  /** How often it was bound to another vendor: sequences count within an epoch. */
  epoch: Generated<number>
}

/** A key that this side signs with, trusts or has revoked. */
export interface KeyRow {
  fingerprint: string
  name: string
  /** `retired`: what it signed is still accepted. `root`: it signs roots of its vendor and nothing else. */
  use: 'signing' | 'trusted' | 'retired' | 'root' | 'revoked'
  /** 1 for a key that is or was this side's. */
  own: Generated<number>
  /** The vendor whose root names it: the digest of the vendor's first root. */
  vendor: Generated<Digest | null>
  private_sealed: Uint8Array | null
  created_at: string
}

/** One root of a vendor's chain; what stands in it is checked whenever it is read. */
export interface TrustRootRow {
  /** The digest of the vendor's first root. */
  vendor: Digest
  number: number
  digest: Digest
  document: Uint8Array
  /** Signature files in base64. */
  signatures_json: string
  arrived_at: string
}

export interface TargetRow {
  name: string
  driver: string
  address: string
}

export interface EnvironmentRow {
  name: string
  target: string
}

export interface InstallationRow {
  name: string
  environment: string
  application: string
}

export interface RevisionRow {
  installation: string
  number: number
  created_at: string
  kind: string
  outcome: string
  revision_json: string
}

/** An execution of a plan, kept so that a killed program goes on with it. Its id is that of its job. */
export interface RunRow {
  id: string
  installation: string
  run_json: string
  /** 0 while it is open. */
  ended: number
}

/** How far a step of a run has come. */
export interface RunStepRow {
  run: string
  /** 1 for a step of the way back. */
  way: number
  step: string
  progress: 'begun' | 'done' | 'failed'
  check_json: string | null
}

/** A copy of a volume at the target. */
export interface SnapshotRow {
  installation: string
  /** Its name at the target. */
  target: string
  number: number
  snapshot_json: string
}

/** The signed report of an installation or an upgrade. */
export interface ReportRow {
  run: string
  installation: string
  revision: number
  created_at: string
  envelope: Uint8Array
}

export interface SecretRow {
  /** Begins with the name of the installation and a slash. */
  id: string
  sealed: Uint8Array
  created_at: string
}

export interface JobRow {
  id: Generated<number>
  kind: string
  title: string
  state: string
  created_at: string
  ended_at: string | null
  request_json: string
  result_json: string | null
  error_json: string | null
}

export interface JobLogRow {
  id: Generated<number>
  job: number
  time: string
  level: 'info' | 'warning' | 'error'
  message: string
}

/** Facts about the data folder itself. */
export interface SettingRow {
  name: string
  value: string
}

/** A component that a person stopped, and that stays so until it is started. */
export interface StoppedComponentRow {
  installation: string
  component: string
  stopped_at: string
}

/** Something that happened to an installation; repetitions are counted. */
export interface EventRow {
  id: Generated<number>
  /** Grows with every change of any row: what came after a known one is what is greater. */
  sequence: number
  installation: string
  component: string | null
  reason: string
  message: string
  count: number
  first_at: string
  last_at: string
}

/** A blob that a repository shows, since it was pushed or mounted there. */
export interface RegistryBlobRow {
  repository: string
  digest: Digest
  added_at: string
}

/** A manifest or index that was pushed. */
export interface RegistryManifestRow {
  repository: string
  digest: Digest
  media_type: string
  size: number
  artifact_type: string | null
  annotations_json: string | null
  subject: Digest | null
  pushed_at: string
}

/** What a pushed manifest refers to, in its repository: a blob or another manifest. */
export interface RegistryPartRow {
  repository: string
  manifest: Digest
  part: Digest
}

export interface RegistryTagRow {
  repository: string
  tag: string
  digest: Digest
  pushed_at: string
}

export interface RegistryTokenRow {
  name: string
  secret_digest: Digest
  pull_json: string
  push_json: string
  may_delete: number
  created_at: string
  expires_at: string | null
}

/** A certificate (PEM) with its private key: of the authority of this data folder, or of its server. */
export interface CertificateRow {
  use: 'authority' | 'server'
  certificate: string
  private_sealed: Uint8Array
  created_at: string
}

/** A component that runs by a schedule. Names of columns say of which time each is. */
export interface CronRow {
  installation: string
  component: string
  schedule: string
  timezone: string
  /** Null where the schedule has no time any more. */
  next_at: string | null
  /** The run that is under way, or was when the program was killed. */
  run: string | null
  /** Of the last run: when it was due, when it was started, when its end was seen. */
  due_at: string | null
  started_at: string | null
  ended_at: string | null
  outcome: 'running' | 'succeeded' | 'failed' | 'skipped' | 'lost' | null
  exit_code: number | null
  message: string | null
  /** Times that nobody looked after since the last run that succeeded. */
  missed: number
  missed_since: string | null
}
