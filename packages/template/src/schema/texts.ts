import { Type } from 'typebox'

/**
 * A text of a certain form. `expects` completes the sentence "expected …"; editors that know
 * `patternErrorMessage` show it too.
 */
function text(pattern: string, expects: string, maxLength = 1024) {
  return (description: string, options: { default?: string } = {}) => Type.String({ description, pattern, patternErrorMessage: expects, maxLength, ...options })
}

/** A name by which a network can find something. */
export const label = text(
  '^[a-z]([a-z0-9-]*[a-z0-9])?$',
  'a DNS label: a lower-case letter, then lower-case letters, digits and dashes, no dash at the end',
  63,
)

/** A port's name: short enough for every kind of target. */
export const portName = text('^[a-z]([a-z0-9-]*[a-z0-9])?$', 'a lower-case letter, then lower-case letters, digits and dashes', 15)

export const variableName = text('^[A-Za-z_][A-Za-z0-9_.-]*$', 'a variable name: a letter or _, then letters, digits, _ . and -', 256)

/** Stands inside `${…}`, where a dot separates. */
export const valueName = text('^[A-Za-z_][A-Za-z0-9_]*$', 'a variable name: a letter or _, then letters, digits and _', 256)

export const parameterName = text('^[A-Za-z][A-Za-z0-9_-]*$', 'a letter, then letters, digits, _ and -', 64)

/** Put before injected names, so it begins as they do. */
export const namePrefix = text('^[A-Za-z_][A-Za-z0-9_]*$', 'a letter or _, then letters, digits and _', 64)

export const durationText = text('^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$', 'a duration such as 500ms, 10s, 1m30s, 2h or 7d', 32)

export const sizeText = text('^[0-9]+(\\.[0-9]+)?([kMGTP]|[KMGTP]i)?$', 'a size in bytes such as 512Mi, 10Gi (powers of 1024) or 500M, 1G (powers of 1000)', 32)

export const cpuText = text('^([0-9]+(\\.[0-9]+)?|[0-9]+m)$', 'processor cores such as "1", "0.5" or "500m" (thousandths of a core)', 16)

export const containerPath = text('^/', 'an absolute path inside the container', 4096)

/** Beside the template, or in a folder below it. */
export const sourcePath = text('^[^/\\\\]', 'a path relative to the template, such as ./files/site.cnf', 1024)

export const imageText = text('^[^\\s]+$', 'an image such as docker.io/library/mariadb:10.11', 512)

export const versionText = text(
  '^[0-9A-Za-z][0-9A-Za-z._+-]*$',
  'a version such as "3.0.0", "2.9" or "2024.1-rc1": digits separated by dots, then perhaps - and letters',
  64,
)

export const versionRange = text('^.*[0-9*].*$', 'versions such as ">=2.0.0", "^2.4", "~2.9" or "2.x || 3.x"', 256)

export const fileMode = text('^0?[0-7]{3,4}$', 'a file mode in octal digits, quoted, such as "0644"', 5)

export const signalName = text('^SIG[A-Z0-9+-]+$|^[0-9]{1,2}$', 'a signal such as SIGTERM', 16)

/** Any text that people read. */
export const prose = (description: string, maxLength = 4096) => Type.String({ description, maxLength })

/** A text in which `${…}` stands for named values. */
export const expression = (description: string, maxLength = 65_536) => Type.String({ description: `${description} May use \${…}.`, maxLength })

/** A program and its arguments, each of which may use `${…}`. */
export const argv = (description: string) =>
  Type.Array(Type.String({ maxLength: 65_536 }), {
    description: `${description} One list item for each word; no shell reads it. May use \${…}.`,
    maxItems: 256,
  })

/** A port, by its name in `ports` or by its number. */
export const portReference = (description: string) =>
  Type.Union([Type.String({ minLength: 1, maxLength: 15 }), Type.Integer({ minimum: 1, maximum: 65_535 })], {
    description: `${description} The name of one of the component's ports, or a number.`,
  })

export const portNumber = (description: string) => Type.Integer({ description, minimum: 1, maximum: 65_535 })
