import { type Static, Type } from 'typebox'
import { AbsolutePath, Input } from './input.ts'

const Chosen = Type.Union([Type.String(), Type.Null()])
const Env = Type.Optional(Type.Record(Type.String(), Chosen))
const Files = Type.Optional(
  Type.Record(Type.String(), Type.Union([AbsolutePath('Of the source.'), Type.Null()]), { description: 'by the path in the component' }),
)

/** What a site chooses: parameters, modules, and per component or configuration group environment and files (by a path on the server's machine), resources. null gives a choice up. */
const Values = Input({
  parameters: Type.Optional(Type.Record(Type.String(), Chosen)),
  modules: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  groups: Type.Optional(Type.Record(Type.String(), Input({ env: Env, files: Files }), { description: 'for all components that use a configuration group' })),
  components: Type.Optional(
    Type.Record(
      Type.String(),
      Input({
        env: Env,
        addEnv: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'variables that the release does not know' })),
        files: Files,
        cpu: Type.Optional(Chosen),
        memory: Type.Optional(Chosen),
        replicas: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
      }),
    ),
  ),
})
export type Values = Static<typeof Values>

const ValuesFile = Type.Optional(AbsolutePath('Absolute path of a YAML file with values; what the request names itself counts more.'))

const Snapshots = Type.Enum(['forwardOnly', 'all', 'none'], {
  description: 'Which volumes are copied first: those whose data could not go back, all, or none.',
})

/** A change of an installation. Every change is planned, shown, run and recorded alike. */
export const Change = Type.Union([
  Input({
    kind: Type.Literal('install'),
    application: Type.String(),
    version: Type.String(),
    name: Type.String({ description: 'What the installation is called; the application’s name unless chosen.' }),
    environment: Type.String(),
    values: Values,
    valuesFile: ValuesFile,
  }),
  Input({
    kind: Type.Literal('configure'),
    name: Type.String(),
    values: Values,
    valuesFile: ValuesFile,
    snapshot: Type.Optional(Snapshots),
    rotate: Type.Optional(
      Input({
        secrets: Type.Array(Type.String(), { description: 'Generated secrets that get a new value, by name; none for all that can be without harm.' }),
        held: Type.Boolean({ description: 'Also those that a component holds in its data, where the new value has to be set by hand.' }),
      }),
    ),
  }),
  Input({
    kind: Type.Literal('upgrade'),
    name: Type.String(),
    version: Type.String(),
    values: Values,
    valuesFile: ValuesFile,
    take: Type.Array(Type.String(), {
      description: 'Items whose new default is taken: component/kind/name. A file that the site changed is merged; =vendor after the item takes it whole.',
    }),
    decline: Type.Array(Type.String(), { description: 'Items whose new default is not offered again.' }),
    map: Type.Optional(
      Type.Array(Type.String(), { description: 'What the release calls otherwise: OLD=NEW for a component, COMPONENT/OLD=COMPONENT/NEW for a volume.' }),
    ),
    prune: Type.Boolean({ description: 'Removes what the release no longer has.' }),
    allowOlder: Type.Boolean(),
    snapshot: Type.Optional(Snapshots),
  }),
  Input({
    kind: Type.Literal('rollback'),
    name: Type.String(),
    to: Type.Optional(Type.Integer({ minimum: 1 })),
    restoreData: Type.Optional(
      Type.Union([Type.Boolean(), Type.Integer({ minimum: 1 })], {
        description: 'Brings data back from the snapshot that fits the revision, or from the one of this number.',
      }),
    ),
    snapshot: Type.Optional(Snapshots),
  }),
  Input({ kind: Type.Literal('uninstall'), name: Type.String(), deleteData: Type.Boolean() }),
])
export type Change = Static<typeof Change>
