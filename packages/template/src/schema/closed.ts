import { type TProperties, Type } from 'typebox'

/** An object that has these fields and no others: a field that nobody reads is a mistake of its author, and is told. */
export function closed<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description === undefined ? {} : { description }) })
}
