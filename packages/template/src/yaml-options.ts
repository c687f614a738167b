import type { DocumentOptions, ParseOptions, SchemaOptions } from 'yaml'

/** How every YAML text from outside is parsed: the core schema, no tags that make objects, all faults collected. */
export const YAML_OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  strict: true,
  // The library compares every key with every other one; our readers use a table.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
} as const satisfies ParseOptions & DocumentOptions & SchemaOptions
