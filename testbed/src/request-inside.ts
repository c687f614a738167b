/** The program that makes one request where it is started: reads an errand on stdin, writes the result on stdout. */
import { text } from 'node:stream/consumers'
import type { Errand, ErrandResult } from './request.ts'

const { url, method, headers, body, timeout = 10_000 } = JSON.parse(await text(process.stdin)) as Errand

async function perform(): Promise<ErrandResult> {
  try {
    const response = await fetch(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      signal: AbortSignal.timeout(timeout),
      redirect: 'manual',
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    })
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { failed: cause instanceof Error ? cause.message || cause.name : String(cause) }
  }
}

process.stdout.write(JSON.stringify(await perform()))
