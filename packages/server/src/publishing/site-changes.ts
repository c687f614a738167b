import { posix } from 'node:path'
import { type ComponentState, type FileState, volumeDefinition, type WantedState } from '@sealift/deploy/state.ts'
import type { Value } from '@sealift/deploy/value.ts'
import type { Digest } from '@sealift/oci/digest.ts'
import { SWITCH } from '@sealift/template/check/check-secrets.ts'
import type { ImportNote } from '@sealift/template/importers/import-note.ts'
import { namesSecret } from '@sealift/template/importers/secrets/secret-names.ts'
import { injectedValues } from '@sealift/template/injected-values.ts'
import type { ReleaseFile } from '@sealift/template/release.ts'
import type { Component } from '@sealift/template/schema/component.ts'
import type { ConfigurationGroup } from '@sealift/template/schema/configuration-group.ts'
import type { Parameter } from '@sealift/template/schema/parameter.ts'
import type { Template } from '@sealift/template/schema/template.ts'

/** A release's template with what a site changed, as new defaults. */
export interface ChangedTemplate {
  readonly template: Template
  /** Contents of files, by their path beside the template. */
  readonly files: ReadonlyMap<string, Digest>
  /** Components in which something is new. */
  readonly changed: readonly string[]
  readonly notes: ImportNote[]
}

/**
 * Makes a site's changes the vendor's new defaults: parameters, modules, variables, connection values, files,
 * replicas, memory and cores. Whatever is secret stays at the site. A pure function.
 */
export function templateWithChanges(template: Template, released: Readonly<Record<string, ReleaseFile>>, state: WantedState): ChangedTemplate {
  return new SiteChanges(template, released, state).result()
}

class SiteChanges {
  readonly #template: Template
  readonly #state: WantedState
  readonly #notes: ImportNote[] = []
  readonly #changed = new Set<string>()
  readonly #files: Map<string, Digest>
  readonly #groupEnv = new Map<string, string>()

  constructor(template: Template, released: Readonly<Record<string, ReleaseFile>>, state: WantedState) {
    this.#template = template
    this.#state = state
    this.#files = new Map(Object.entries(released).map(([source, { digest }]) => [source, digest]))
  }

  result(): ChangedTemplate {
    const { parameters, modules, configurationGroups } = this.#template
    const components = this.#template.components.map((component) => this.#component(component))
    for (const [name, { leftOver }] of Object.entries(this.#state.components)) {
      if (leftOver === true) this.#leftOut(name, `component ${name}`, 'is left over from an earlier release, and is not in this one.')
    }
    const template: Template = {
      ...this.#template,
      ...(parameters === undefined ? {} : { parameters: parameters.map((parameter) => this.#parameter(parameter)) }),
      ...(modules === undefined
        ? {}
        : {
            modules: modules.map((module) => {
              const chosen = this.#state.modules[module.name]
              if (chosen === undefined || chosen.origin === 'vendor' || chosen.value === (module.default ?? true)) return module
              this.#note('changed', undefined, `module ${module.name}`, `is ${chosen.value ? 'on' : 'off'} at first now.`)
              return { ...module, default: chosen.value }
            }),
          }),
      components,
      ...(configurationGroups === undefined ? {} : { configurationGroups: configurationGroups.map((group) => this.#group(group)) }),
    }
    return { template, files: this.#files, changed: [...this.#changed], notes: this.#notes }
  }

  #note(kind: ImportNote['kind'], component: string | undefined, subject: string, message: string): void {
    this.#notes.push({ kind, ...(component === undefined ? {} : { component }), subject, message })
  }

  #taken(component: string, subject: string, message: string): void {
    this.#changed.add(component)
    this.#note('changed', component, subject, message)
  }

  #leftOut(component: string | undefined, subject: string, message: string): void {
    this.#note('left-out', component, subject, message)
  }

  #parameter(parameter: Parameter): Parameter {
    const value = this.#state.parameters[parameter.name]?.value
    if (value?.origin !== 'site') return parameter
    const subject = `parameter ${parameter.name}`
    if (isSecret(value) || parameter.type === 'secret') {
      this.#leftOut(undefined, subject, 'is a secret of the site.')
      return parameter
    }
    const text = value.expression.replaceAll('$${', () => '${')
    const chosen = parameter.type === 'number' ? Number(text) : parameter.type === 'boolean' ? text === 'true' : text
    if (chosen === parameter.default) return parameter
    this.#note('changed', undefined, subject, `its default is ${JSON.stringify(chosen)} now.`)
    return { ...parameter, default: chosen }
  }

  #component(component: Component): Component {
    const { name } = component
    const state = this.#state.components[name]
    if (state === undefined || state.leftOver === true) return component
    const env = this.#env(component, state)
    const connection = component.connection?.map((each) => {
      const value = state.connection[each.name]
      if (value?.origin !== 'site') return each
      if (isSecret(value) || each.generate !== undefined) {
        this.#leftOut(name, `${name}/connection/${each.name}`, 'is a secret of the site; it is generated as before.')
        return each
      }
      if (value.expression === each.value) return each
      this.#taken(name, `${name}/connection/${each.name}`, 'has the value of the site now.')
      return { ...each, value: value.expression }
    })
    const files = this.#componentFiles(component, state)
    for (const [volume, { definition }] of Object.entries(state.volumes)) {
      if (definition.origin !== 'site') continue
      const { path } = volumeDefinition({ definition, generation: 0 })
      this.#leftOut(name, `${name}/volume/${volume}`, `at ${path} is the site's; volumes stay as the release has them.`)
    }
    return {
      ...component,
      ...(env.length === 0 ? {} : { env }),
      ...(connection === undefined ? {} : { connection }),
      ...(files.length === 0 ? {} : { files }),
      ...this.#amounts(component, state),
    }
  }

  #env(component: Component, state: ComponentState): NonNullable<Component['env']> {
    const { name, env = [] } = component
    const injected = new Set(injectedValues(this.#template, component.dependsOn).map(({ variable }) => variable))
    const groups = (this.#template.configurationGroups ?? []).filter((group) => component.configurationGroups?.includes(group.name) === true)
    const result = [...env]
    for (const [variable, value] of Object.entries(state.env)) {
      if (value.origin !== 'site') continue
      const subject = `${name}/env/${variable}`
      const group = groups.find((each) => each.env?.some((shared) => shared.name === variable) === true)
      if (isSecret(value)) this.#leftOut(name, subject, 'is a secret of the site.')
      else if (looksLikeSecret(variable, value.expression)) this.#leftOut(name, subject, 'looks like a secret of the site.')
      else if (value.leftOver === true) this.#leftOut(name, subject, 'is left over from an earlier release.')
      else if (injected.has(variable))
        this.#leftOut(name, subject, 'stands in the place of what a component that it depends on gives. Change that in the template.')
      else if (group !== undefined) {
        if (value.byGroup === true) this.#groupEnv.set(`${group.name}/${variable}`, value.expression)
        else this.#leftOut(name, subject, `was set for this component alone, and comes from configuration group ${group.name}. Change that in the template.`)
      } else {
        const at = result.findIndex((each) => each.name === variable)
        const before = result[at]
        if (before?.value === value.expression) continue
        if (before === undefined) result.push({ name: variable, value: value.expression })
        else result[at] = { ...before, value: value.expression }
        this.#taken(name, subject, before === undefined ? 'was added by the site.' : 'has the value of the site now.')
      }
    }
    return result
  }

  #group(group: ConfigurationGroup): ConfigurationGroup {
    if (group.env === undefined) return group
    const env = group.env.map((variable) => {
      const value = this.#groupEnv.get(`${group.name}/${variable.name}`)
      if (value === undefined || value === variable.value) return variable
      this.#note('changed', undefined, `group ${group.name}/env/${variable.name}`, 'has the value of the site now.')
      return { ...variable, value }
    })
    return { ...group, env }
  }

  #componentFiles(component: Component, state: ComponentState): NonNullable<Component['files']> {
    const { name, files = [] } = component
    const result = [...files]
    const ofGroups = new Set(
      (this.#template.configurationGroups ?? [])
        .filter((group) => component.configurationGroups?.includes(group.name) === true)
        .flatMap((group) => (group.files ?? []).map(({ path }) => path)),
    )
    for (const [path, file] of Object.entries(state.files)) {
      const { content } = file
      if (content.origin !== 'site') continue
      const subject = `${name}/file/${path}`
      if (isSecret(content)) this.#leftOut(name, subject, 'is a secret of the site.')
      else if (content.leftOver === true) this.#leftOut(name, subject, 'is left over from an earlier release.')
      else if (ofGroups.has(path)) this.#leftOut(name, subject, 'comes from a configuration group. Change it in the template.')
      else {
        const at = result.findIndex((each) => each.path === path)
        const before = result[at]
        const digest = content.expression as Digest
        if (before !== undefined && this.#files.get(before.source) === digest) continue
        const source = this.#place(name, before?.source ?? `./files/${name}${path}`, digest)
        if (before === undefined) result.push({ path, source, ...modeOf(file), ...(file.template ? { template: true } : {}) })
        else result[at] = { ...before, source }
        this.#taken(name, subject, before === undefined ? 'was added by the site.' : 'has the content of the site now. Look whether it holds secrets.')
      }
    }
    return result
  }

  /** Where a content lies beside the template: in the place of the old one, unless others have that too. */
  #place(component: string, wanted: string, digest: Digest): string {
    const users = this.#template.components.filter(({ files }) => files?.some(({ source }) => source === wanted) === true)
    const shared = users.length > 1 || this.#template.configurationGroups?.some(({ files }) => files?.some(({ source }) => source === wanted) === true) === true
    const source = shared ? `./files/${component}/${posix.basename(wanted)}` : wanted
    this.#files.set(source, digest)
    return source
  }

  #amounts(component: Component, { cpu, memory, replicas }: ComponentState): Pick<Component, 'resources' | 'scaling'> {
    const { name, resources = {}, scaling = {} } = component
    const changed = {
      ...(cpu.origin === 'site' && cpu.value !== null && cpu.value !== resources.cpu ? { cpu: cpu.value } : {}),
      ...(memory.origin === 'site' && memory.value !== null && memory.value !== resources.memory ? { memory: memory.value } : {}),
    }
    for (const [what, value] of Object.entries(changed)) this.#taken(name, `${name}/${what}`, `is ${value} now.`)
    const takesReplicas = replicas.origin === 'site' && replicas.value !== (scaling.initial ?? scaling.min ?? 1)
    if (takesReplicas) this.#taken(name, `${name}/replicas`, `are ${replicas.value} at first now.`)
    return {
      ...(Object.keys(changed).length === 0 ? {} : { resources: { ...resources, ...changed } }),
      ...(takesReplicas ? { scaling: { ...scaling, initial: replicas.value } } : {}),
    }
  }
}

/** Whether a site wrote a secret where nobody expected one. */
function looksLikeSecret(variable: string, text: string): boolean {
  return (namesSecret(variable) && text !== '' && !SWITCH.test(text) && !text.includes('${')) || /:\/\/[^\s/@]*:[^\s/@$]+@/.test(text)
}

function isSecret({ secret, secretId, origin }: Value): boolean {
  return secret || secretId !== undefined || origin === 'generated'
}

function modeOf({ mode, uid, gid }: FileState): { readonly mode?: string; readonly uid?: number; readonly gid?: number } {
  return {
    ...(mode === 0o644 ? {} : { mode: `0${mode.toString(8).padStart(3, '0')}` }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  }
}
