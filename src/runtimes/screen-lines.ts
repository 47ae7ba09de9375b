// eslint-disable-next-line no-control-regex
const sequence = /\u001b\[[\d;:?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g

/** The lines of a screen without colours, blanks at their ends, and empty lines below the last. */
export function linesOf(screen: string): string[] {
  return screen.replaceAll(sequence, '').trimEnd().split('\n').map((line) => line.trimEnd())
}
