import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colours a text for a stream; plain where the stream is no terminal or `NO_COLOR` is set. */
export function paint(stream: NodeJS.WriteStream, format: Format, text: string): string {
  return styleText(format, text, { stream })
}
