import { expect, test } from 'vitest'
import { readEngineMessages } from './engine-messages.ts'

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

test('what the engine says is given back', async () => {
  const said = await readEngineMessages(pieces('{"stream":"Loaded ', 'image: a\\n"}\n{"status":"x"}\n{"stream":"b"}'), 'loading')
  expect(said).toBe('Loaded image: a\nb')
})

test.each([
  ['{"stream":"fine"}\n{"errorDetail":{"message":"bad layer"},"error":"bad layer"}\n', 'ENGINE_FAILED'],
  ['{"errorDetail":{"message":"bad layer"}}', 'ENGINE_FAILED'],
  ['{"error":"write /x: no space left on device"}', 'DISK_FULL'],
])('an error inside an answer that begins well is an error: %s', async (text, code) => {
  await expect(readEngineMessages(pieces(text), 'loading images')).rejects.toMatchObject({ code, message: expect.stringContaining('loading images') })
})

test('sentences without JSON are words too', async () => {
  expect(await readEngineMessages(pieces('Loaded image: a\n'), 'loading')).toBe('Loaded image: a\n')
})
