import { type Static, Type } from 'typebox'
import { closed } from './closed.ts'
import { env } from './env-variable.ts'
import { PortSchema } from './port.ts'
import { ResourcesSchema } from './resources.ts'
import { argv, imageText, label, prose, versionText } from './texts.ts'

const config = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description: `${description} Texts may use \${…}.` })

export const PluginSchema = closed(
  {
    name: label('The name by which components use it.'),
    title: Type.Optional(prose('Its name for people.', 256)),
    version: versionText('The version of the plugin.'),
    image: imageText('What to run.'),
    entrypoint: Type.Optional(argv("Replaces the image's entrypoint.")),
    command: Type.Optional(argv("Replaces the image's command.")),
    env: Type.Optional(env('Environment variables.')),
    ports: Type.Optional(Type.Array(PortSchema, { description: 'Ports that it listens on, in the network of the component.', maxItems: 100 })),
    resources: Type.Optional(ResourcesSchema),
    config: Type.Optional(config('Configuration that it starts with, handed over as JSON in SEALIFT_PLUGIN_CONFIG.')),
  },
  'A container that runs beside components, in their network.',
)
export type Plugin = Static<typeof PluginSchema>

export const PluginUseSchema = closed(
  {
    name: label('A plugin of this application.'),
    config: Type.Optional(config("Replaces single fields of the plugin's configuration.")),
  },
  'Runs a plugin beside this component.',
)
export type PluginUse = Static<typeof PluginUseSchema>
