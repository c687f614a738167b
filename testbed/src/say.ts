/** Says on stderr what the testbed is doing: one line, so that stdout stays free for results. */
export function say(line: string): void {
  process.stderr.write(`testbed: ${line}\n`)
}
