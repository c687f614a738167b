/** How the content of a file stands in the vault, which keeps texts. */
const PREFIX = 'base64:'

/** The content of a secret file as the vault keeps it. */
export function encodeFileSecret(content: Uint8Array): string {
  return `${PREFIX}${Buffer.from(content).toString('base64')}`
}

/** The content of a secret file from what the vault gave; what stands for a secret by its name stays as it is. */
export function decodeFileSecret(text: string): Buffer {
  return text.startsWith(PREFIX) ? Buffer.from(text.slice(PREFIX.length), 'base64') : Buffer.from(text, 'utf8')
}
