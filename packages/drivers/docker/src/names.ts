import { SealiftError } from '@sealift/oci/sealift-error.ts'

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Installation and component names are DNS labels: they hold no dot, so the dotted names below never meet. */
function label(text: string, what: string): string {
  if (!DNS_LABEL.test(text)) throw new SealiftError('INTERNAL', `${what} ${JSON.stringify(text)} is no DNS label`)
  return text
}

export function networkName(installation: string): string {
  return `sealift-${label(installation, 'installation')}`
}

/** The container in which the component's own program runs. */
export function mainName(installation: string, component: string, replica: number): string {
  return `sealift.${label(installation, 'installation')}.${label(component, 'component')}.${replica}`
}

export function holderName(installation: string, component: string, replica: number): string {
  return `${mainName(installation, component, replica)}.pod`
}

export function pluginName(installation: string, component: string, replica: number, plugin: string): string {
  return `${mainName(installation, component, replica)}.plugin.${label(plugin, 'plugin')}`
}

export function initName(installation: string, component: string, replica: number, init: string): string {
  return `${mainName(installation, component, replica)}.init.${label(init, 'init container')}`
}

/** A container that is made while the one that it replaces still has its name. */
export function nextName(name: string): string {
  return `${name}.next`
}

export function onceName(installation: string, name: string): string {
  return `sealift.${label(installation, 'installation')}._once.${label(name, 'run')}`
}

/** The host name of a replica, at most the 63 characters that a DNS label has. */
export function hostName(component: string, replica: number, stable: boolean): string {
  return (stable ? stableName(component, replica) : component).slice(0, 63)
}

/** The name under which one replica of a stateful component is found. */
export function stableName(component: string, replica: number): string {
  return `${component}-${replica}`
}
