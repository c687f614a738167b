import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { insideNetns } from './netns.ts'

/** An HTTP request to be made from inside a network namespace. */
export interface InsideRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds; default 10 s. */
  readonly timeout?: number
}

export interface InsideAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What the inner program is handed, and what it gives back, as JSON. */
export interface Errand extends InsideRequest {
  readonly url: string
}

export type ErrandResult = InsideAnswer | { readonly failed: string }

/** Makes an HTTP request from inside a network namespace, by a program that is started there. Rejects when there is no answer. */
export async function requestInside(netns: string, url: string, request: InsideRequest = {}): Promise<InsideAnswer> {
  const errand: Errand = { url, ...request }
  const [program, ...argv] = [...insideNetns(netns), process.execPath, join(import.meta.dirname, 'request-inside.ts')]
  const result = await new Promise<ErrandResult>((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(output).toString()) as ErrandResult)
      else reject(new Error(`the request to ${url} from inside ${netns} ended with ${code}`))
    })
    child.stdin.end(JSON.stringify(errand))
  })
  if ('failed' in result) throw new Error(`${url} from inside ${netns}: ${result.failed}`)
  return result
}
