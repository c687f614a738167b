import { type TProperties, type TSchema, Type } from 'typebox'

/** An object that has these fields and no others: a field that nobody reads is a mistake of its author, and is told. */
export function closed<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description === undefined ? {} : { description }) })
}

/** An object whose keys are free within a form. */
export function named<Value extends TSchema>(keys: string, expects: string, value: Value, description: string) {
  return Type.Record(Type.String({ pattern: keys }), value, { description, additionalProperties: false, keysErrorMessage: expects })
}
