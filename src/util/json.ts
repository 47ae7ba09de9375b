/** Deeper than anything that people or programs write by hand; a parser spends most on what is only nested. */
const deepest = 200

/** As JSON.parse; throws SyntaxError too where values are nested more than 200 deep. */
export function parseJson(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`values are nested more than ${deepest} deep`)
  return JSON.parse(text)
}

function isDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === 0x5c) at += 1 // the character after a backslash ends nothing
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x5b || code === 0x7b) depth += 1
    else if (code === 0x5d || code === 0x7d) depth -= 1
    if (depth > deepest) return true
  }
  return false
}
