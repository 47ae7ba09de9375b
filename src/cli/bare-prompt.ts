import { distance } from 'fastest-levenshtein'
import { isTeamctl } from './teamctl-words.ts'
import { commands, globalOptions, later } from './tree/index.ts'

/** The word that stands for what is said to the lead; it may be left out. */
const word = 'prompt'

/**
 * The command line with `prompt` in front of words that begin with no command. One word that nearly is a command is left
 * for the parser to refuse: nobody is asked to "stauts". So is a command of teamctl's that is none here.
 */
export function withPrompt(argv: readonly string[]): string[] {
  const at = firstWord(argv)
  const first = argv[at]
  if (first === undefined || isTeamctl(argv.slice(at)) || !isPrompt(first, argv.length > at + 1)) return [...argv]
  return [...argv.slice(0, at), word, ...argv.slice(at)]
}

/** Where the options of every command end; -1 where something else stands among them, which the parser tells. */
function firstWord(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at += 1) {
    const each = argv[at] ?? ''
    if (each === '--' || each === '-' || !each.startsWith('-')) return at
    const option = globalOptions.find(([flags]) => flags.split(/[ ,]+/).includes(each.split('=')[0] ?? ''))
    if (option === undefined) return -1
    if (option[0].includes('<') && !each.includes('=')) at += 1
  }
  return -1
}

function isPrompt(first: string, more: boolean): boolean {
  if (first === '--') return more
  if (first === '-' || /\s/.test(first)) return true
  return first !== '' && first !== 'help' && !later.includes(first) && !names().includes(first) && !names().some((name) => nearly(first, name))
}

function names(): string[] {
  return [...commands.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias])), 'help']
}

/** One slip in a short word, two in a longer one; two letters in the wrong order are one slip. */
function nearly(typed: string, name: string): boolean {
  const [a, b] = [typed.toLowerCase(), name]
  if (a === b || sameLetters(a, b)) return true
  if (b.length < 3) return a.length === 3 && a.startsWith(b)
  return distance(a, b) <= (a.length < 3 ? 0 : Math.max(a.length, b.length) < 6 ? 1 : 2)
}

function sameLetters(a: string, b: string): boolean {
  return a.length === b.length && [...a].toSorted().join('') === [...b].toSorted().join('') && distance(a, b) === 2
}
