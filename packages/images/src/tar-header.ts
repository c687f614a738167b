/** Bytes that headers and padding are multiples of. */
const TAR_RECORD = 512

/** The largest size that eleven octal digits can say. */
const MAX_OCTAL_SIZE = 0o77777777777

/**
 * The tar header (POSIX ustar) of a regular file, the same for the same arguments: no owner, time 0, mode 0644.
 * @param name at most 100 ASCII characters
 * @param size bytes; beyond 8 GiB it is written in base 256, as GNU and Go do
 */
export function tarHeader(name: string, size: number): Buffer {
  if (name.length > 100) throw new RangeError(`tar entry name of ${name.length} characters`)
  const header = Buffer.alloc(TAR_RECORD)
  header.write(name, 0, 'latin1')
  header.write('0000644\0', 100, 'latin1')
  header.write('0000000\0', 108, 'latin1')
  header.write('0000000\0', 116, 'latin1')
  if (size <= MAX_OCTAL_SIZE) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  } else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(size), 128)
  }
  header.write('00000000000\0', 136, 'latin1')
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** Zero bytes that follow a file's content of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((TAR_RECORD - (size % TAR_RECORD)) % TAR_RECORD)
}

/** Bytes that a file of this size takes in a tar, header and padding included. */
export function tarEntrySize(size: number): number {
  return TAR_RECORD + Math.ceil(size / TAR_RECORD) * TAR_RECORD
}

/** What ends a tar. */
export const TAR_END = Buffer.alloc(2 * TAR_RECORD)
