import { TroupeError } from './error.ts'

/** Names of workers that are made for a task. */

/** Words that say nothing about a task. */
const stopWords = new Set(
  'a an and are as at be been but by can could do does for from get give had has have help how i if in into is it its just let like make may me must my need now of off on only or our out over please should so some such than that the their them then there these they this those to too under up use very via want was we were what when where which while who why will with would you your'.split(' '),
)

/** Longest name that is made of words. */
const longest = 40

/**
 * `Fix the auth bug` → `fix-auth`; `-2`, `-3`, … where that is taken, without an end. A text without a word that a name
 * may hold gives `worker`.
 */
export function workerName(text: string, taken: Iterable<string>): string {
  const used = new Set([...taken].map(comparable))
  const base = wordsOf(text).slice(0, 2).join('-').slice(0, longest) || 'worker'
  if (!used.has(comparable(base))) return base
  for (let i = 2; ; i += 1) if (!used.has(comparable(`${base}-${i}`))) return `${base}-${i}`
}

function wordsOf(text: string): string[] {
  const plain = text.slice(0, 10_000).normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  // A word of another script is a word that a name cannot hold: what is left of it would be noise.
  const words = plain.match(/[\p{L}\p{N}]+(?:['’]\p{L}+)?/gu) ?? []
  return words.filter((word) => /^[a-z][a-z0-9]+$/.test(word) && !stopWords.has(word))
}

/** Two names that are one file or one terminal session somewhere. */
function comparable(name: string): string {
  return name.toLowerCase().replaceAll('.', '_')
}

/** Throws `usage` for what cannot be a name, `conflict` for one that is taken; `taken` are names of agents and projects. */
export function checkWorkerName(name: string, taken: Iterable<string>, free: string): void {
  if (!/^[A-Za-z][A-Za-z0-9._-]{0,59}$/.test(name)) {
    throw new TroupeError('usage', `"${name.slice(0, 60)}" cannot be the name of a worker`, {
      hint: `a letter, then letters, digits, \`.\`, \`_\` and \`-\`, at most 60 in all, such as ${free}`,
      facts: { name },
    })
  }
  const other = [...taken].find((each) => comparable(each) === comparable(name))
  if (other === undefined) return
  throw new TroupeError('conflict', `the name ${name} is taken${other === name ? '' : ` (by ${other})`}`, { hint: `take another, such as ${free}`, facts: { name, taken: other } })
}
