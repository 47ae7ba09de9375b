import type { Place } from '../place.ts'

/** Longer ids would not fit into file and session names together with the project's. */
const longestId = 100

const reservedProjects = new Set(['user', 'troupe'])

/** Ids become parts of file names, session names and addresses. */
export function checkId(kind: 'project' | 'agent', id: string, place: Place): void {
  const say = (message: string, hint: string) => place.errorAtKey(`the ${kind} id \`${printable(id)}\` ${message}`, hint)
  if (id.trim() === '')
    place.errorAtKey(`the ${kind} id is empty`, `give it a short name such as \`${kind === 'project' ? 'main' : 'dev'}\``)
  else if (!/^[A-Za-z0-9._-]+$/.test(id)) say('holds characters that ids may not have', 'use letters, digits, `.`, `_` and `-`')
  else if (id.length > longestId) say(`has ${id.length} characters`, `use at most ${longestId}`)
  else if (kind === 'project' && reservedProjects.has(id))
    say('is reserved: messages of people and of troupe itself come from there', 'choose another id')
}

/** Channels are written `#name`, so a name must end where the word ends. */
export function checkChannelName(name: string, place: Place): void {
  if (name.trim() === '') place.error('the channel name is empty')
  else if (!/^[^\s\p{C}#:,@*]+$/u.test(name)) {
    place.error(
      `the channel name \`${printable(name)}\` holds characters that channel names may not have`,
      'leave out spaces and # : , @ *',
    )
  } else if (name.length > longestId) place.error(`the channel name has ${name.length} characters`, `use at most ${longestId}`)
}

export function checkVariable(name: string, place: Place): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    // Not repeated here: what stands where a name should be is often the secret itself.
    place.error('this is not the name of an environment variable', 'write the NAME of a variable; its value belongs into .env')
  }
}

/** `2` and every version string `2.0.x` are this format; `2.y` is newer and mostly the same. */
export function checkVersion(value: number | string, place: Place): void {
  if (value === 2) return
  const parts = typeof value === 'string' ? /^(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]*)?$/.exec(value) : null
  if (typeof value === 'string' && parts === null) {
    place.error(
      `\`version: ${JSON.stringify(printable(value))}\` is not a version string`,
      'write `version: 2` or `version: "2.0.1"`',
    )
  } else if (parts === null || parts[1] !== '2') {
    place.error(`version ${printable(String(value))} of the file format is not known here`, 'write `version: 2`')
  } else if (parts[2] !== '0') {
    place.warning(`version ${printable(String(value))} is newer than what is known here (2.0); keys it adds are ignored`)
  }
}

/** Display names show up in tables and chats. */
export function checkDisplayName(name: string, place: Place): void {
  if (name.trim() === '') place.error('the display name is blank', 'leave the key out, or give a name')
  else if ([...name].length > 64) place.error(`the display name has ${[...name].length} characters; at most 64 fit`)
  else if (/\p{Cc}/u.test(name)) place.error('the display name holds control characters')
}

export function printable(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
