import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Bytes of one line that are kept; progress messages are far shorter. */
const LINE_LIMIT = 1024 * 1024

/**
 * Reads the lines of JSON that the engine answers long work with, and returns what its `stream`
 * messages said. The status of such an answer is always 200: that the work failed stands inside.
 * @throws SealiftError `ENGINE_FAILED` with the engine's words where a message reports an error,
 * `DISK_FULL` where that is the engine's disk being full
 */
export async function readEngineMessages(source: AsyncIterable<Buffer>, doing: string): Promise<string> {
  let said = ''
  let rest = ''
  const decoder = new TextDecoder()
  const take = (line: string): void => {
    const message = parseLine(line)
    if (message === undefined) return
    if (message.error !== undefined) throw engineRefused(doing, message.error)
    said = (said + (message.stream ?? '')).slice(-LINE_LIMIT)
  }
  for await (const piece of source) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = (lines.pop() ?? '').slice(0, LINE_LIMIT)
    for (const line of lines) take(line)
  }
  take(rest)
  return said
}

/** An engine's own words for a failure, as a coded error. */
function engineRefused(doing: string, words: string): SealiftError {
  if (/no space left on device|disk quota exceeded/i.test(words)) {
    return new SealiftError('DISK_FULL', `${doing}: the engine's disk is full (${words})`, {
      hint: "Free space where the engine keeps its data ('docker system df' shows what is there), then run the same command again.",
    })
  }
  return new SealiftError('ENGINE_FAILED', `${doing}: the engine says: ${words}`, { details: { engineMessage: words } })
}

function parseLine(line: string): { readonly stream?: string; readonly error?: string } | undefined {
  if (line.trim() === '') return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    // Engines have printed plain sentences here; they are words like those in `stream`.
    return { stream: `${line}\n` }
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { stream, error, errorDetail } = parsed as Record<string, unknown>
  const detail = typeof errorDetail === 'object' && errorDetail !== null && 'message' in errorDetail ? errorDetail.message : undefined
  const words = typeof error === 'string' ? error : detail
  return {
    ...(typeof stream === 'string' ? { stream } : {}),
    ...(typeof words === 'string' && words !== '' ? { error: words } : {}),
  }
}
