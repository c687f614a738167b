import { type Static, Type } from 'typebox'
import { AlertSchema } from './alert.ts'
import { ArtifactSchema } from './artifact.ts'
import { CheckSchema } from './check.ts'
import { closed } from './closed.ts'
import { ComponentSchema } from './component.ts'
import { ConfigurationGroupSchema } from './configuration-group.ts'
import { ModuleSchema } from './module.ts'
import { ParameterSchema } from './parameter.ts'
import { PluginSchema } from './plugin.ts'
import { ReleaseHeaderSchema } from './release-header.ts'
import { RequiresSchema } from './requires.ts'
import { RouteSchema } from './route.ts'
import { label, prose, sourcePath } from './texts.ts'

/** The version of the template's format. */
export const API_VERSION = 'sealift.dev/v1'

export const ScopeSchema = Type.Union(
  [
    Type.Literal('enterprise'),
    closed({ teams: Type.Array(label('The name of a team.'), { description: 'The teams that see it.', minItems: 1, maxItems: 100 }) }),
  ],
  { description: 'Who sees it in the component library: enterprise, or {teams: [a, b]}. publish --scope goes before it.', default: 'enterprise' },
)
export type Scope = Static<typeof ScopeSchema>

export const TemplateSchema = closed(
  {
    apiVersion: Type.Literal(API_VERSION, { description: `The format of this file: ${API_VERSION}.` }),
    kind: Type.Literal('Application', { description: 'Application.' }),
    name: label('The name of the application: its identity for ever, at every site.'),
    title: Type.Optional(prose('Its name for people.', 256)),
    description: Type.Optional(prose('What it does.', 16_384)),
    categories: Type.Optional(Type.Array(prose('A word to find it by.', 64), { description: 'Words to find it by.', maxItems: 50 })),
    logo: Type.Optional(sourcePath('A picture: svg, png or jpg.')),
    scope: Type.Optional(ScopeSchema),
    release: Type.Optional(ReleaseHeaderSchema),
    requires: Type.Optional(RequiresSchema),
    parameters: Type.Optional(Type.Array(ParameterSchema, { description: 'What a site is asked for.', maxItems: 200 })),
    modules: Type.Optional(Type.Array(ModuleSchema, { description: 'Parts that a site switches on or off.', maxItems: 100 })),
    configurationGroups: Type.Optional(Type.Array(ConfigurationGroupSchema, { description: 'Settings that several components share.', maxItems: 50 })),
    components: Type.Array(ComponentSchema, { description: 'What runs.', minItems: 1, maxItems: 200 }),
    routes: Type.Optional(Type.Array(RouteSchema, { description: "Ways from the site's gateway to components.", maxItems: 200 })),
    alerts: Type.Optional(Type.Array(AlertSchema, { description: 'Conditions that the operators are told about.', maxItems: 200 })),
    checks: Type.Optional(Type.Array(CheckSchema, { description: 'Acceptance tests, run after installation and upgrade.', maxItems: 50 })),
    plugins: Type.Optional(Type.Array(PluginSchema, { description: 'Containers that run beside components.', maxItems: 50 })),
    artifacts: Type.Optional(Type.Array(ArtifactSchema, { description: 'Whatever else travels: charts, packages, repositories, files.', maxItems: 200 })),
  },
  'An application that Sealift delivers.',
)
export type Template = Static<typeof TemplateSchema>
