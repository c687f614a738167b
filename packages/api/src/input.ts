import { type TProperties, Type } from 'typebox'

/** An object in a request: a field that is not known is refused rather than ignored. */
export function Input<Properties extends TProperties>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false })
}

/** A path of a file on the server's machine. Relative ones would depend on where the server was started. */
export const AbsolutePath = (description: string) => Type.String({ pattern: '^/', description })
