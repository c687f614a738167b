import { SealiftError } from '@sealift/oci/sealift-error.ts'

/** Where the program is mapped; a multiple of every page size that its processors know (4 to 64 KiB). */
const BASE = 0x400000n
const FILE_HEADER = 64
const PROGRAM_HEADER = 56
const CODE_OFFSET = FILE_HEADER + 2 * PROGRAM_HEADER

/** A processor's number in ELF and the instructions of an endless pause. */
interface Assembly {
  readonly machine: number
  readonly instructions: readonly (readonly number[])[]
}

const word = (value: number): readonly number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]

const ASSEMBLIES: Readonly<Record<string, Assembly>> = {
  amd64: {
    machine: 62, // EM_X86_64
    instructions: [
      [0xb8, 0x22, 0x00, 0x00, 0x00], // again: mov eax, 34   ; pause()
      [0x0f, 0x05], //                       syscall
      [0xeb, 0xf7], //                       jmp again     ; 9 bytes back, counted from the end of this one
    ],
  },
  arm64: {
    machine: 183, // EM_AARCH64
    instructions: [
      word(0xd2800928), // again: mov x8, #73   ; ppoll(), as this processor's table has no pause()
      word(0xd2800000), //        mov x0, #0    ; no descriptors; set anew each time, the result comes back here
      word(0xd2800001), //        mov x1, #0    ; none of them
      word(0xd2800002), //        mov x2, #0    ; no timeout
      word(0xd2800003), //        mov x3, #0    ; no signal mask
      word(0xd2800004), //        mov x4, #0    ; of no size
      word(0xd4000001), //        svc #0
      word(0x17fffff9), //        b again       ; 7 instructions back
    ],
  },
}

/**
 * A static ELF program of a few instructions that only waits. As the first process of its
 * container it has no handler for any signal, so only SIGKILL ends it.
 * @param architecture `amd64` or `arm64`
 * @throws SealiftError `ENGINE_UNSUPPORTED` for another one
 */
export function pauseProgram(architecture: string): Buffer {
  const assembly = ASSEMBLIES[architecture]
  if (assembly === undefined) {
    throw new SealiftError('ENGINE_UNSUPPORTED', `the engine runs on ${architecture}; only ${Object.keys(ASSEMBLIES).join(' and ')} are supported`)
  }
  const code = assembly.instructions.flat()
  const size = CODE_OFFSET + code.length
  const elf = Buffer.alloc(size)
  // File header: magic, 64 bits, little-endian, version 1, System V.
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 0)
  elf.writeUInt16LE(2, 16) // ET_EXEC: mapped where it says
  elf.writeUInt16LE(assembly.machine, 18)
  elf.writeUInt32LE(1, 20) // version
  elf.writeBigUInt64LE(BASE + BigInt(CODE_OFFSET), 24) // entry
  elf.writeBigUInt64LE(BigInt(FILE_HEADER), 32) // program headers; no section headers
  elf.writeUInt16LE(FILE_HEADER, 52)
  elf.writeUInt16LE(PROGRAM_HEADER, 54)
  elf.writeUInt16LE(2, 56) // two of them
  // PT_LOAD: the whole file, readable and executable.
  elf.writeUInt32LE(1, FILE_HEADER)
  elf.writeUInt32LE(5, FILE_HEADER + 4)
  elf.writeBigUInt64LE(BASE, FILE_HEADER + 16)
  elf.writeBigUInt64LE(BASE, FILE_HEADER + 24)
  elf.writeBigUInt64LE(BigInt(size), FILE_HEADER + 32)
  elf.writeBigUInt64LE(BigInt(size), FILE_HEADER + 40)
  elf.writeBigUInt64LE(0x10000n, FILE_HEADER + 48)
  // PT_GNU_STACK: a stack that is not executable.
  elf.writeUInt32LE(0x6474e551, FILE_HEADER + PROGRAM_HEADER)
  elf.writeUInt32LE(6, FILE_HEADER + PROGRAM_HEADER + 4)
  elf.set(code, CODE_OFFSET)
  return elf
}
