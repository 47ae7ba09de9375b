import { escapeLine } from './text.ts'

/** argv as a line that a shell reads back the same. Shown to people, never run by us. */
export function quoteArgv(argv: string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${escapeLine(word).replaceAll("'", `'\\''`)}'`)).join(' ')
}
