import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@sealift/testbed/command.ts'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Running, Sealift } from './fixtures/sealift.ts'
import { freePort } from './free-port.ts'

/** The compiled test binary of the conformance suite that belongs to version 1.1 of the OCI distribution specification. */
const SUITE = process.env.SEALIFT_OCI_CONFORMANCE ?? ''
const missing = SUITE === '' ? 'SEALIFT_OCI_CONFORMANCE does not name the compiled conformance suite of the OCI distribution specification' : undefined

const WORKFLOWS = ['Pull', 'Push', 'Content Discovery', 'Content Management'] as const

/** One test of the suite, as its report has it. */
interface Reported {
  readonly name: string
  readonly status: string
}

describe.skipIf(missing !== undefined)(`the conformance suite of the specification${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let sealift: Sealift
  let server: Running
  let folder: string
  let reported: readonly Reported[]

  beforeAll(async () => {
    folder = mkdtempSync(join(inject('runFolder'), 'registry-conformance-'))
    sealift = new Sealift({ data: join(folder, 'data'), engine: `unix://${join(folder, 'no-engine.sock')}` })
    const { secret } = await sealift.json<{ secret: string }>('token', 'create', 'conf', '--push', 'conf/*', '--delete')
    const port = await freePort()
    server = sealift.start('up', '--listen', `127.0.0.1:${port}`, '--json')
    await server.seen('"registry"')
    const report = join(folder, 'report')
    mkdirSync(report)
    // It ends with another code where a test fails; which one is in its report.
    await run([SUITE], {
      env: {
        ...process.env,
        OCI_ROOT_URL: `http://127.0.0.1:${port}`,
        OCI_NAMESPACE: 'conf/one',
        OCI_CROSSMOUNT_NAMESPACE: 'conf/two',
        OCI_AUTOMATIC_CROSSMOUNT: '1',
        OCI_USERNAME: 'conf',
        OCI_PASSWORD: secret,
        OCI_TEST_PULL: '1',
        OCI_TEST_PUSH: '1',
        OCI_TEST_CONTENT_DISCOVERY: '1',
        OCI_TEST_CONTENT_MANAGEMENT: '1',
        OCI_HIDE_SKIPPED_WORKFLOWS: '0',
        OCI_DEBUG: '0',
        OCI_REPORT_DIR: report,
      },
    })
    reported = readReport(readFileSync(join(report, 'junit.xml'), 'utf8'))
    for (const { name } of reported.filter(({ status }) => status === 'skipped')) console.log(`skipped by the suite: ${name}`)
  })
  afterAll(async () => {
    await server?.kill('SIGTERM')
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it.each(WORKFLOWS)('runs %s without a failure', (workflow) => {
    const own = reported.filter(({ name }) => workflowOf(name) === workflow)
    expect(own.filter(({ status }) => status === 'passed')).not.toEqual([])
    expect(own.filter(({ status }) => status !== 'passed' && status !== 'skipped')).toEqual([])
  })
})

/** The tests of a JUnit report as Ginkgo writes it. */
function readReport(xml: string): readonly Reported[] {
  return [...xml.matchAll(/<testcase ([^>]*)>/g)].map(([, attributes = '']) => ({
    name: attribute(attributes, 'name'),
    status: attribute(attributes, 'status'),
  }))
}

function attribute(attributes: string, name: string): string {
  return new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
}

/** Titles stand before the text of a test, which may hold the same words. */
function workflowOf(name: string): string | undefined {
  return /\b(Pull|Push|Content Discovery|Content Management)\b/.exec(name)?.[1]
}
