import { type Static, Type } from 'typebox'
import { Input } from './input.ts'

const TerminalSide = Type.Integer({ minimum: 1, maximum: 10_000 })

/** The size of a terminal in characters. */
export const TerminalSize = Input({ columns: TerminalSide, rows: TerminalSide })
export type TerminalSize = Static<typeof TerminalSize>

/** A command to run inside a replica: the first frame of an exec channel. */
export const ExecStart = Input({
  component: Type.String(),
  replica: Type.Integer({ minimum: 0 }),
  command: Type.Array(Type.String(), { minItems: 1 }),
  tty: Type.Boolean({ description: 'With a terminal: its output comes as one.' }),
  stdin: Type.Boolean({ description: 'Whether input is sent.' }),
  size: Type.Optional(TerminalSize),
})
export type ExecStart = Static<typeof ExecStart>

/** How it ended: the last frame. */
export const ExecEnd = Type.Object({ exitCode: Type.Integer() })
export type ExecEnd = Static<typeof ExecEnd>
