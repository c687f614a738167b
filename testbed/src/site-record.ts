import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sitesFolder } from './paths.ts'
import { startedAt } from './processes.ts'

/** What is written down of a site, so that another process can find it, or clear it away. */
export interface SiteRecord {
  readonly name: string
  readonly stick: string
  /** Outlives the process that made it. */
  readonly keep: boolean
  /** The process that made it: its id and when it was started. */
  readonly owner: { readonly pid: number; readonly started: string | undefined }
}

/** The folder that holds everything of a site. */
export function siteFolder(name: string): string {
  return join(sitesFolder, name)
}

/** Writes down that this process has a site. */
export function writeSiteRecord(site: Omit<SiteRecord, 'owner'>): void {
  const record: SiteRecord = { ...site, owner: { pid: process.pid, started: startedAt(process.pid) } }
  writeFileSync(join(siteFolder(site.name), 'site.json'), `${JSON.stringify(record, undefined, 2)}\n`)
}

/** What is written down of a site; undefined when there is nothing, or it was cut short. */
export function readSiteRecord(name: string): SiteRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(siteFolder(name), 'site.json'), 'utf8')) as SiteRecord
  } catch {
    return undefined
  }
}

/** The names of all sites on this machine, whole or not. */
export function siteNames(): string[] {
  return existsSync(sitesFolder) ? readdirSync(sitesFolder) : []
}

/** Whether nobody will come for a site any more: the process that made it has ended, and it was not meant to be kept. */
export function isStale(name: string): boolean {
  const record = readSiteRecord(name)
  if (record === undefined) return true
  return !record.keep && (record.owner.started === undefined || startedAt(record.owner.pid) !== record.owner.started)
}
