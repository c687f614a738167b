/** Tar's unit: headers have one block, contents are padded to whole ones, two zero blocks end the archive. */
export const TAR_BLOCK = 512

/** Bytes of the two zero blocks at the end. */
export const TAR_END = 2 * TAR_BLOCK

/** The largest size that the header's eleven octal digits hold; a larger one is written in GNU's base 256. */
const MAX_OCTAL_SIZE = 0o77777777777
const NAME = { offset: 0, length: 100 }
const SIZE = { offset: 124, length: 12 }
const CHECKSUM = { offset: 148, length: 8 }

/** How many zero bytes follow contents of so many bytes. */
export function paddingOf(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK
}

/** Bytes of a member with header and padding. */
export function tarMemberSize(size: number): number {
  return TAR_BLOCK + size + paddingOf(size)
}

/**
 * The header (POSIX ustar) of a regular file without owner and time: a pure function of name and size,
 * so that there is one right header for every member and a reader compares bytes instead of
 * interpreting them. A size beyond 8 GiB is written in base 256, as GNU and Go do.
 * @param name at most 100 ASCII characters
 */
export function encodeTarHeader(name: string, size: number): Buffer {
  if (name.length > NAME.length) throw new RangeError(`tar member name of ${name.length} characters`)
  const header = Buffer.alloc(TAR_BLOCK)
  header.write(name, NAME.offset, NAME.length, 'latin1')
  header.write('0000644\x000000000\x000000000\x00', 100, 'latin1')
  if (size <= MAX_OCTAL_SIZE) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, SIZE.offset, 'latin1')
  } else {
    header[SIZE.offset] = 0x80
    header.writeBigUInt64BE(BigInt(size), SIZE.offset + 4)
  }
  header.write('00000000000\0', 136, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, CHECKSUM.offset, 'latin1')
  return header
}

/**
 * The size that a header states, where its name is the expected one and every other byte is as
 * {@link encodeTarHeader} writes it; otherwise undefined.
 */
export function readTarSize(header: Buffer, name: string): number | undefined {
  const field = header.subarray(SIZE.offset, SIZE.offset + SIZE.length)
  const size = field[0] === 0x80 ? Number(field.readBigUInt64BE(4)) : Number.parseInt(field.toString('latin1', 0, 11), 8)
  return Number.isSafeInteger(size) && size >= 0 && encodeTarHeader(name, size).equals(header) ? size : undefined
}

/** The sum of all bytes of a header, its checksum field counted as spaces. */
function checksum(header: Buffer): number {
  let sum = 0x20 * CHECKSUM.length
  for (const [position, byte] of header.entries()) {
    if (position < CHECKSUM.offset || position >= CHECKSUM.offset + CHECKSUM.length) sum += byte
  }
  return sum
}
