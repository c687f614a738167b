import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Tables } from './tables.ts'

/** Every change of the schema, in order. One that was released is never edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-delivery': {
    async up(db: Kysely<Tables>) {
      const { schema } = db
      await schema
        .createTable('release')
        .addColumn('digest', 'text', (c) => c.primaryKey())
        .addColumn('application', 'text', (c) => c.notNull())
        .addColumn('version', 'text', (c) => c.notNull())
        .addColumn('sequence', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .addColumn('arrived_at', 'text', (c) => c.notNull())
        .addColumn('origin', 'text', (c) => c.notNull())
        .addColumn('signature', 'text')
        .addColumn('signer', 'text', (c) => c.notNull())
        .addUniqueConstraint('release_sequence', ['application', 'sequence', 'digest'])
        .execute()
      await schema
        .createTable('release_label')
        .addColumn('application', 'text', (c) => c.notNull())
        .addColumn('version', 'text', (c) => c.notNull())
        .addColumn('digest', 'text', (c) => c.notNull().references('release.digest'))
        .addPrimaryKeyConstraint('release_label_key', ['application', 'version'])
        .execute()
      await schema
        .createTable('application')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('bound_key', 'text', (c) => c.notNull())
        .addColumn('last_sequence', 'integer', (c) => c.notNull())
        .execute()
      await schema
        .createTable('key')
        .addColumn('fingerprint', 'text', (c) => c.primaryKey())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('use', 'text', (c) => c.notNull())
        .addColumn('private_sealed', 'blob')
        .addColumn('created_at', 'text', (c) => c.notNull())
        .execute()
      await schema
        .createTable('target')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('driver', 'text', (c) => c.notNull())
        .addColumn('address', 'text', (c) => c.notNull())
        .execute()
      await schema
        .createTable('environment')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('target', 'text', (c) => c.notNull().references('target.name'))
        .execute()
      await schema
        .createTable('installation')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('environment', 'text', (c) => c.notNull().references('environment.name'))
        .addColumn('application', 'text', (c) => c.notNull())
        .execute()
      await schema
        .createTable('revision')
        .addColumn('installation', 'text', (c) => c.notNull().references('installation.name').onDelete('cascade'))
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('outcome', 'text', (c) => c.notNull())
        .addColumn('revision_json', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('revision_key', ['installation', 'number'])
        .execute()
      await schema
        .createTable('run')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('installation', 'text', (c) => c.notNull().references('installation.name').onDelete('cascade'))
        .addColumn('run_json', 'text', (c) => c.notNull())
        .addColumn('ended', 'integer', (c) => c.notNull())
        .execute()
      await schema
        .createTable('secret')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('sealed', 'blob', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .execute()
      await schema
        .createTable('job')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('title', 'text', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .addColumn('ended_at', 'text')
        .addColumn('request_json', 'text', (c) => c.notNull())
        .addColumn('result_json', 'text')
        .addColumn('error_json', 'text')
        .execute()
      await schema
        .createTable('job_log')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('job', 'integer', (c) => c.notNull().references('job.id').onDelete('cascade'))
        .addColumn('time', 'text', (c) => c.notNull())
        .addColumn('level', 'text', (c) => c.notNull())
        .addColumn('message', 'text', (c) => c.notNull())
        .execute()
      await sql`create index job_log_of_job on job_log (job, id)`.execute(db)
    },
  },
  '0002-setting': {
    async up(db: Kysely<Tables>) {
      await db.schema
        .createTable('setting')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('value', 'text', (c) => c.notNull())
        .execute()
    },
  },
  '0003-cron': {
    async up(db: Kysely<Tables>) {
      await db.schema
        .createTable('cron')
        .addColumn('installation', 'text', (c) => c.notNull().references('installation.name').onDelete('cascade'))
        .addColumn('component', 'text', (c) => c.notNull())
        .addColumn('schedule', 'text', (c) => c.notNull())
        .addColumn('timezone', 'text', (c) => c.notNull())
        .addColumn('next_at', 'text')
        .addColumn('run', 'text')
        .addColumn('due_at', 'text')
        .addColumn('started_at', 'text')
        .addColumn('ended_at', 'text')
        .addColumn('outcome', 'text')
        .addColumn('exit_code', 'integer')
        .addColumn('message', 'text')
        .addColumn('missed', 'integer', (c) => c.notNull())
        .addColumn('missed_since', 'text')
        .addPrimaryKeyConstraint('cron_key', ['installation', 'component'])
        .execute()
    },
  },
  '0004-snapshots': {
    async up(db: Kysely<Tables>) {
      const { schema } = db
      await schema
        .createTable('snapshot')
        .addColumn('installation', 'text', (c) => c.notNull().references('installation.name').onDelete('cascade'))
        .addColumn('target', 'text', (c) => c.notNull())
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('snapshot_json', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('snapshot_key', ['installation', 'target'])
        .execute()
      await schema
        .createTable('run_step')
        .addColumn('run', 'text', (c) => c.notNull().references('run.id').onDelete('cascade'))
        .addColumn('way', 'integer', (c) => c.notNull())
        .addColumn('step', 'text', (c) => c.notNull())
        .addColumn('progress', 'text', (c) => c.notNull())
        .addColumn('check_json', 'text')
        .addPrimaryKeyConstraint('run_step_key', ['run', 'way', 'step'])
        .execute()
      // Reports stay when their installation goes.
      await schema
        .createTable('report')
        .addColumn('run', 'text', (c) => c.notNull().primaryKey())
        .addColumn('installation', 'text', (c) => c.notNull())
        .addColumn('revision', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .addColumn('envelope', 'blob', (c) => c.notNull())
        .execute()
      await sql`create index report_of_revision on report (installation, revision, created_at)`.execute(db)
    },
  },
  '0005-trust-root': {
    async up(db: Kysely<Tables>) {
      await db.schema
        .createTable('trust_root')
        .addColumn('vendor', 'text', (c) => c.notNull())
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('digest', 'text', (c) => c.notNull())
        .addColumn('document', 'blob', (c) => c.notNull())
        .addColumn('signatures_json', 'text', (c) => c.notNull())
        .addColumn('arrived_at', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('trust_root_key', ['vendor', 'number'])
        .execute()
      await db.schema
        .alterTable('key')
        .addColumn('own', 'integer', (c) => c.notNull().defaultTo(0))
        .execute()
      await db.schema.alterTable('key').addColumn('vendor', 'text').execute()
      for (const table of ['release', 'application'] as const) {
        await db.schema
          .alterTable(table)
          .addColumn('epoch', 'integer', (c) => c.notNull().defaultTo(0))
          .execute()
      }
      // A revoked key was our own where something that was published here is signed with it.
      await sql`update key set own = 1 where use = 'signing'
        or fingerprint in (select signer from release where origin = 'published')`.execute(db)
    },
  },
  '0006-registry': {
    async up(db: Kysely<Tables>) {
      const { schema } = db
      await schema
        .createTable('registry_blob')
        .addColumn('repository', 'text', (c) => c.notNull())
        .addColumn('digest', 'text', (c) => c.notNull())
        .addColumn('added_at', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_blob_key', ['repository', 'digest'])
        .execute()
      await sql`create index registry_blob_by_digest on registry_blob (digest)`.execute(db)
      await schema
        .createTable('registry_manifest')
        .addColumn('repository', 'text', (c) => c.notNull())
        .addColumn('digest', 'text', (c) => c.notNull())
        .addColumn('media_type', 'text', (c) => c.notNull())
        .addColumn('size', 'integer', (c) => c.notNull())
        .addColumn('artifact_type', 'text')
        .addColumn('annotations_json', 'text')
        .addColumn('subject', 'text')
        .addColumn('pushed_at', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_manifest_key', ['repository', 'digest'])
        .execute()
      await sql`create index registry_manifest_by_subject on registry_manifest (repository, subject) where subject is not null`.execute(db)
      await schema
        .createTable('registry_part')
        .addColumn('repository', 'text', (c) => c.notNull())
        .addColumn('manifest', 'text', (c) => c.notNull())
        .addColumn('part', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_part_key', ['repository', 'manifest', 'part'])
        .addForeignKeyConstraint('registry_part_of', ['repository', 'manifest'], 'registry_manifest', ['repository', 'digest'], (c) => c.onDelete('cascade'))
        .execute()
      await sql`create index registry_part_by_part on registry_part (repository, part)`.execute(db)
      await schema
        .createTable('registry_tag')
        .addColumn('repository', 'text', (c) => c.notNull())
        .addColumn('tag', 'text', (c) => c.notNull())
        .addColumn('digest', 'text', (c) => c.notNull())
        .addColumn('pushed_at', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_tag_key', ['repository', 'tag'])
        .addForeignKeyConstraint('registry_tag_of', ['repository', 'digest'], 'registry_manifest', ['repository', 'digest'], (c) => c.onDelete('cascade'))
        .execute()
      await sql`create index registry_tag_by_digest on registry_tag (repository, digest)`.execute(db)
      await schema
        .createTable('registry_token')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('secret_digest', 'text', (c) => c.notNull())
        .addColumn('pull_json', 'text', (c) => c.notNull())
        .addColumn('push_json', 'text', (c) => c.notNull())
        .addColumn('may_delete', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .addColumn('expires_at', 'text')
        .execute()
      await schema
        .createTable('certificate')
        .addColumn('use', 'text', (c) => c.primaryKey())
        .addColumn('certificate', 'text', (c) => c.notNull())
        .addColumn('private_sealed', 'blob', (c) => c.notNull())
        .addColumn('created_at', 'text', (c) => c.notNull())
        .execute()
    },
  },
  '0007-supervision': {
    async up(db: Kysely<Tables>) {
      await db.schema
        .createTable('stopped_component')
        .addColumn('installation', 'text', (c) => c.notNull().references('installation.name').onDelete('cascade'))
        .addColumn('component', 'text', (c) => c.notNull())
        .addColumn('stopped_at', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('stopped_component_key', ['installation', 'component'])
        .execute()
      await db.schema
        .createTable('event')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('sequence', 'integer', (c) => c.notNull())
        .addColumn('installation', 'text', (c) => c.notNull())
        .addColumn('component', 'text')
        .addColumn('reason', 'text', (c) => c.notNull())
        .addColumn('message', 'text', (c) => c.notNull())
        .addColumn('count', 'integer', (c) => c.notNull())
        .addColumn('first_at', 'text', (c) => c.notNull())
        .addColumn('last_at', 'text', (c) => c.notNull())
        .execute()
      await sql`create unique index event_sequence on event (sequence)`.execute(db)
      await sql`create index event_of_installation on event (installation, sequence)`.execute(db)
    },
  },
}
