import { open } from 'node:fs/promises'
import type { SignedReport } from '@sealift/api/report.ts'
import { formatColumns, wrap } from './terminal/columns.ts'
import { paint } from './terminal/style.ts'

const TRUST: Readonly<Record<SignedReport['trust'], string>> = {
  own: 'the key of this side',
  trusted: 'trusted here',
  revoked: 'revoked here',
  unknown: 'not known here: compare it with what the site told you',
}

/** The largest report that is read; larger files are bundles. */
const LARGEST = 4 * 1024 * 1024

/** A signed report as people read it. */
export function formatReport({ report, signer, trust }: SignedReport): string {
  const { application, version, release, installation, revision, kind, outcome, reason, startedAt, finishedAt, engine, host, program, plan, checks } = report
  const columns = Math.min(process.stdout.columns || 80, 100)
  const good = outcome === 'done' && checks.every(({ passed }) => passed)
  const lines = [
    `${paint(process.stdout, ['bold', good ? 'green' : 'red'], good ? 'passed' : 'failed')}  ${kind} of ${application} ${version} as ${installation}, revision ${revision}`,
    ...(reason === undefined ? [] : wrap(reason, columns - 2).map((line) => `  ${line}`)),
    `  release    ${release}`,
    `  plan       ${plan}`,
    `  when       ${startedAt} to ${finishedAt}`,
    `  where      ${host}, ${engine}, ${program}`,
    `  signed by  ${signer}`,
    `             ${TRUST[trust]}`,
  ]
  const rows = checks.map(({ check, title, passed, exitCode, timedOut, startedAt: from, finishedAt: to }) => [
    passed ? paint(process.stdout, 'green', 'passed') : paint(process.stdout, 'red', timedOut ? 'took too long' : `failed (${exitCode})`),
    `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`,
    title === check ? check : `${check}: ${title}`,
  ])
  const outputs = checks.flatMap(({ check, passed, output }) =>
    passed || output === '' ? [] : [`  ${check} printed last:`, ...output.split('\n').map((line) => `    ${line}`)],
  )
  const shown = checks.length === 0 ? '  The release has no checks.\n' : formatColumns(rows, '  ')
  return `${lines.join('\n')}\n${shown}${outputs.length === 0 ? '' : `${outputs.join('\n')}\n`}`
}

/** The text of a file where it looks like a report; undefined where it is something else, or not here to be read. */
export async function readReportFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    if (size > LARGEST) return undefined
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, 0)
    if (bytesRead === 0 || buffer.toString() !== '{') return undefined
    return await file.readFile('utf8')
  } catch {
    // Who answers may be on another machine and find it: what is wrong with it is told from there.
    return undefined
  }
}
