import { type Static, Type } from 'typebox'
import { AbsolutePath, Input } from './input.ts'

/** What a site chooses: parameters, modules, and per component environment, files (by a path on the server's machine), resources. null gives a choice up. */
const Values = Input({
  parameters: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
  modules: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  components: Type.Optional(
    Type.Record(
      Type.String(),
      Input({
        env: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
        files: Type.Optional(
          Type.Record(Type.String(), Type.Union([AbsolutePath('Of the source.'), Type.Null()]), { description: 'by the path in the component' }),
        ),
        cpu: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        memory: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        replicas: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
      }),
    ),
  ),
})
export type Values = Static<typeof Values>

/** A change of an installation. Every change is planned, shown, run and recorded alike. */
export const Change = Type.Union([
  Input({
    kind: Type.Literal('install'),
    application: Type.String(),
    version: Type.String(),
    name: Type.String({ description: 'What the installation is called; the application’s name unless chosen.' }),
    environment: Type.String(),
    values: Values,
    valuesFile: Type.Optional(AbsolutePath('Absolute path of a YAML file with values.')),
  }),
  Input({ kind: Type.Literal('configure'), name: Type.String(), values: Values }),
  Input({
    kind: Type.Literal('upgrade'),
    name: Type.String(),
    version: Type.String(),
    values: Values,
    take: Type.Array(Type.String()),
    decline: Type.Array(Type.String()),
    prune: Type.Boolean({ description: 'Removes what the release no longer has.' }),
    allowOlder: Type.Boolean(),
  }),
  Input({ kind: Type.Literal('rollback'), name: Type.String(), to: Type.Optional(Type.Integer({ minimum: 1 })) }),
  Input({ kind: Type.Literal('uninstall'), name: Type.String(), deleteData: Type.Boolean() }),
])
export type Change = Static<typeof Change>
