import type { TargetEvent } from '@sealift/deploy/driver.ts'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import type { EngineClient } from './engine-client.ts'
import type { EngineEvent } from './engine-types.ts'
import { Label } from './labels.ts'

/** What happens to a container that changes how its component is. The commands that probes run are left out: there are many of them. */
const ACTIONS = ['start', 'restart', 'die', 'oom', 'kill', 'stop', 'pause', 'unpause', 'update', 'rename', 'destroy'] as const
/** Characters of one event; more is none. */
const EVENT_LIMIT = 1024 * 1024

/**
 * Tells of what happens to containers that carry the driver's labels, from the engine's stream of events.
 * @throws SealiftError `ENGINE_UNREACHABLE` as soon as the stream ends
 */
export async function* watch(engine: EngineClient, signal: AbortSignal): AsyncGenerator<TargetEvent> {
  const filters = { type: ['container'], label: [Label.installation], event: ACTIONS }
  try {
    const stream = await engine.events(filters, signal)
    try {
      yield { kind: 'watching' }
      let rest = ''
      for await (const piece of stream.setEncoding('utf8') as AsyncIterable<string>) {
        const lines = (rest + piece).split('\n')
        rest = lines.pop() ?? ''
        if (rest.length > EVENT_LIMIT) throw new SealiftError('ENGINE_FAILED', 'the engine sent an event without an end')
        for (const line of lines) {
          const event = changed(line)
          if (event !== undefined) yield event
        }
      }
    } finally {
      stream.destroy()
    }
  } catch (thrown) {
    if (signal.aborted) return
    throw thrown instanceof SealiftError
      ? thrown
      : new SealiftError('ENGINE_UNREACHABLE', `the container engine at ${engine.address.text} broke its stream of events off`, { cause: thrown })
  }
  if (!signal.aborted) throw new SealiftError('ENGINE_UNREACHABLE', `the container engine at ${engine.address.text} ended its stream of events`)
}

function changed(line: string): TargetEvent | undefined {
  if (line.trim() === '') return undefined
  let event: EngineEvent
  try {
    event = JSON.parse(line) as EngineEvent
  } catch (cause) {
    throw new SealiftError('ENGINE_FAILED', `the engine sent an event that is no JSON: ${JSON.stringify(line.slice(0, 200))}`, { cause })
  }
  const { [Label.installation]: installation, [Label.component]: component } = event.Actor.Attributes ?? {}
  return installation === undefined || component === undefined ? undefined : { kind: 'changed', installation, component }
}
