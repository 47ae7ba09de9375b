/**
 * A paste of more than three lines or about 800 characters is shown as `[Pasted text #1]` and given to the model as
 * foreign text (`<pasted_content>`). Below both bounds, with room to spare, it is the same as typed.
 */
const mostLines = 3
const mostChars = 600

/** Pieces that, pasted one after another, enter as if they were typed. */
export function pieces(text: string): string[] {
  const found: string[] = []
  let piece = ''
  for (const part of text.split(/(?<=\n)/).flatMap(short)) {
    const lines = `${piece}${part}`.split('\n').length
    if (piece !== '' && (lines > mostLines || piece.length + part.length > mostChars)) {
      found.push(piece)
      piece = ''
    }
    piece += part
  }
  return piece === '' ? found : [...found, piece]
}

function short(line: string): string[] {
  const chars = [...line]
  const found: string[] = []
  for (let at = 0; at < chars.length; at += mostChars) found.push(chars.slice(at, at + mostChars).join(''))
  return found
}

/** The first character would make it a command, a shell call or a note instead of a prompt. */
export function isCommand(text: string): boolean {
  return /^\s*[/!#&@]/.test(text)
}
