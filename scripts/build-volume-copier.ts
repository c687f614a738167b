import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { digestOf } from '@sealift/oci/digest.ts'

// Compiles the program that copies volumes for every processor, and writes it as text into the driver.
// Needs gcc and gcc-aarch64-linux-gnu; run it after each change of the source.

const FOLDER = new URL('../packages/drivers/docker/src/volume-copier/', import.meta.url).pathname
const SOURCE = join(FOLDER, 'volume-copier.c')
const FLAGS = [
  ['-Os', '-Wall', '-Wextra', '-Werror', '-std=gnu11'],
  ['-static', '-nostdlib', '-ffreestanding', '-fno-pic', '-fno-pie', '-no-pie'],
  ['-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
  // Else the compiler turns memcpy itself into a call of memcpy.
  ['-fno-tree-loop-distribute-patterns'],
  ['-Wl,--build-id=none', '-Wl,-z,noseparate-code', '-Wl,-z,noexecstack', '-s'],
].flat()
const COMPILERS = {
  amd64: ['x86_64-linux-gnu-gcc', '-fcf-protection=none'],
  arm64: ['aarch64-linux-gnu-gcc', '-mno-outline-atomics'],
} as const
/** Characters of a line of text. */
const LINE = 140

function compile([compiler, ...flags]: readonly [string, ...string[]], out: string): Buffer {
  const { status, stderr, error } = spawnSync(compiler, [...FLAGS, ...flags, '-o', out, SOURCE], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${compiler} failed: ${error?.message ?? stderr}`)
  return readFileSync(out)
}

function asText(name: string, program: Buffer): string {
  const base64 = deflateRawSync(program, { level: 9 }).toString('base64')
  const lines = base64.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
  return `  ${name}: [\n${lines.map((line) => `    '${line}',\n`).join('')}  ],\n`
}

const folder = mkdtempSync(join(tmpdir(), 'sealift-copier-'))
try {
  const programs = Object.entries(COMPILERS).map(([name, compiler]) => asText(name, compile(compiler, join(folder, name))))
  writeFileSync(
    join(FOLDER, 'compiled.ts'),
    `// Written by scripts/build-volume-copier.ts from volume-copier.c: do not change it by hand.

/** The digest of the source that the programs were compiled from. */
export const COMPILED_FROM = '${digestOf(readFileSync(SOURCE))}'

/** By architecture: a static ELF program, deflated, as lines of base64. */
export const COMPILED: Readonly<Record<string, readonly string[]>> = {
${programs.join('')}}
`,
  )
} finally {
  rmSync(folder, { recursive: true })
}
