import type { PutPicture } from '../pictures.ts'

/**
 * In what is pasted, `@` and what follows makes the CLI look for a file: one of the folder's is added, one from outside opens a question
 * that somebody has to answer, and for any other it searches the whole folder. Nobody's mail may do that. Behind a backslash it is a
 * character as any other; the model sees the backslash.
 */
export function unmentioned(text: string): string {
  return text.replaceAll(/(?<!\\)@/g, '\\@')
}

/** As the text was before: for what the CLI says that it was given. */
export function plain(text: string): string {
  return text.replaceAll('\\@', '@')
}

/** Odd characters in a path let the CLI ask whether it may read it. */
export function canMention(folder: string): boolean {
  return /^[A-Za-z0-9/._-]+$/.test(folder)
}

/** Adds pictures to a text. The label stands behind: at the end of a path the CLI would still be completing it. */
export function withMentions(text: string, pictures: readonly PutPicture[]): string {
  return `${unmentioned(text)}${pictures.map(({ label, file }) => `\n@${file} ${label}`).join('')}`
}
