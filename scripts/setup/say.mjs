/** Words go to stderr: stdout belongs to the task. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** Set-up that failed: what was tried, what it said, what to do. */
export class SetupError extends Error {
  constructor(what, detail, hint) {
    const indented = detail.trim().split('\n').slice(-15).map((line) => `  ${line}`)
    super([what, ...indented, `Try: ${hint}`].join('\n'))
    this.name = 'SetupError'
  }
}
