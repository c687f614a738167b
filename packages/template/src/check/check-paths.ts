import { posix } from 'node:path'
import type { Path } from '../problem.ts'
import type { CheckContext } from './check-context.ts'

/** Whether a text has characters that no path needs and that terminals act on. */
const hasControl = (text: string): boolean => /\p{Cc}/u.test(text)

function checkContainerPath(context: CheckContext, path: Path, text: string): void {
  const normal = posix.normalize(text).replace(/(.)\/$/, '$1')
  if (hasControl(text)) context.report(path, `${JSON.stringify(text)} has control characters. Remove them.`)
  else if (!text.startsWith('/')) context.report(path, `expected an absolute path, found ${JSON.stringify(text)}. Begin it with /.`)
  else if (normal === '/') context.report(path, 'is the root of the container; name a file or folder below it.')
  else if (normal !== text) context.report(path, `expected ${normal}, found ${text}: no "..", "//" and no / at the end.`)
}

/** A path below the template's folder, whatever it is joined to. */
function checkSourcePath(context: CheckContext, path: Path, text: string): void {
  const inner = text.startsWith('./') ? text.slice(2) : text
  const steps = inner.replace(/\/$/, '').split('/')
  if (hasControl(text) || text.includes('\\')) context.report(path, `${JSON.stringify(text)} has characters that a path can not have here.`)
  else if (steps.includes('..')) context.report(path, `${text} leads out of the template's folder. Put the file beside the template.`)
  else if (steps.some((step) => step === '' || step === '.'))
    context.report(path, `expected a plain relative path such as ./files/site.cnf, found ${JSON.stringify(text)}.`)
}

/** Paths inside containers are absolute, plain, and each is used once; those beside the template stay there. */
export function checkPaths(context: CheckContext): void {
  const { template } = context
  if (template.logo !== undefined) checkSourcePath(context, ['logo'], template.logo)
  if (template.release?.notes !== undefined) checkSourcePath(context, ['release', 'notes'], template.release.notes)
  for (const [position, { path }] of (template.artifacts ?? []).entries()) checkSourcePath(context, ['artifacts', position, 'path'], path)
  for (const [position, { files }] of (template.configurationGroups ?? []).entries()) {
    for (const [at, { path, source }] of (files ?? []).entries()) {
      checkContainerPath(context, ['configurationGroups', position, 'files', at, 'path'], path)
      checkSourcePath(context, ['configurationGroups', position, 'files', at, 'source'], source)
    }
  }
  for (const [position, component] of template.components.entries()) {
    const base = ['components', position]
    const taken = new Map<string, string>()
    const take = (path: Path, text: string, what: string): void => {
      const before = taken.get(text)
      if (before !== undefined) context.report(path, `component ${component.name}: ${text} is taken by ${before}. Choose another path for ${what}.`)
      else taken.set(text, what)
    }
    for (const [at, { path, name }] of (component.volumes ?? []).entries()) {
      checkContainerPath(context, [...base, 'volumes', at, 'path'], path)
      take([...base, 'volumes', at, 'path'], path, `volume ${name}`)
    }
    for (const [at, { path, source }] of (component.files ?? []).entries()) {
      checkContainerPath(context, [...base, 'files', at, 'path'], path)
      checkSourcePath(context, [...base, 'files', at, 'source'], source)
      take([...base, 'files', at, 'path'], path, `file ${source}`)
    }
    for (const group of template.configurationGroups ?? []) {
      if (!component.configurationGroups?.includes(group.name)) continue
      for (const { path } of group.files ?? []) take([...base, 'configurationGroups'], path, `a file of configuration group ${group.name}`)
    }
    if (component.workingDir !== undefined) {
      if (!component.workingDir.startsWith('/') || hasControl(component.workingDir)) {
        context.report([...base, 'workingDir'], `expected an absolute path, found ${JSON.stringify(component.workingDir)}.`)
      }
    }
  }
}
