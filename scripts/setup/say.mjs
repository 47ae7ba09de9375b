/** Words go to stderr: stdout belongs to the task. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** Set-up that failed: what was tried, what it said, what to do. */
export class SetupError extends Error {
  constructor(what, detail, hint) {
    super([what, ...excerpt(detail), `Try: ${hint}`].join('\n'))
    this.name = 'SetupError'
  }
}

/** The reason stands first in what npm says, last in what apt says. */
function excerpt(detail) {
  const lines = detail.trim() === '' ? [] : detail.trim().split('\n').map((line) => `  ${line}`)
  return lines.length <= 24 ? lines : [...lines.slice(0, 12), '  …', ...lines.slice(-12)]
}
