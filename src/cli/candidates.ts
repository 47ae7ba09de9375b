import { providerWords } from '../runtimes/provider-words.ts'
import type { Language, Syntax } from './tree/syntax.ts'

export interface Candidates {
  fixed: string[]
  /** Names that only the team knows. */
  live: 'agents' | 'channels' | 'contexts' | 'names' | 'teams' | null
}

/** What may stand where the last of the words is being typed. `words` are those after `troupe`. */
export function candidates(words: string[], language: Language): Candidates {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const { command, operands, wantsValue } = read(before, language)
  if (wantsValue) return valueOf([...language.options, ...(command?.options ?? [])], before.at(-1) ?? '')
  if (last.startsWith('-')) return { fixed: flagsOf([...language.options, ...(command?.options ?? []), ['-h, --help', '']]), live: null }
  const subs = command === null ? language.commands : (command.commands ?? [])
  const fixed = operands > 0 ? [] : subs.filter((sub) => !sub.hidden).flatMap((sub) => [sub.name, ...(sub.alias === undefined ? [] : [sub.alias])])
  return { fixed: [...fixed, ...wordsOf(command, operands)], live: liveOf(command, operands) }
}

function read(before: string[], language: Language): { command: Syntax | null; operands: number; wantsValue: boolean } {
  let command: Syntax | null = null
  let operands = 0
  let wantsValue = false
  for (const word of before) {
    if (wantsValue) {
      wantsValue = false
    } else if (word.startsWith('-') && word !== '-') {
      wantsValue = takesValue([...language.options, ...(command?.options ?? [])], word)
    } else {
      const sub: Syntax | undefined = operands > 0 ? undefined : find(command, word, language)
      if (sub === undefined) operands += 1
      else command = sub
    }
  }
  return { command, operands, wantsValue }
}

function find(command: Syntax | null, word: string, language: Language): Syntax | undefined {
  const commands = command === null ? language.commands : (command.commands ?? [])
  return commands.find((each) => each.name === word || each.alias === word)
}

function takesValue(options: [string, string][], word: string): boolean {
  return options.some(([flags]) => flags.includes('<') && flags.split(/[ ,]+/).includes(word))
}

/** Values that a flag takes, by its long name. */
const values: Readonly<Record<string, readonly string[]>> = {
  provider: providerWords,
  mode: ['terminal', 'protocol', 'oneshot'],
  'worker-mode': ['interactive', 'oneshot'],
  permissions: ['plan', 'confirm', 'manual', 'auto', 'bypass'],
  priority: ['urgent', 'normal', 'low'],
  template: ['solo', 'blank'],
}

function valueOf(options: [string, string][], word: string): Candidates {
  const [flags = ''] = options.find(([each]) => each.split(/[ ,]+/).includes(word)) ?? []
  const long = /--([a-z-]+)/.exec(flags)?.[1] ?? ''
  const live = long === 'team' ? 'teams' : flags.includes('<agent>') ? 'agents' : null
  return { fixed: [...(Object.hasOwn(values, long) ? (values[long] ?? []) : [])], live }
}

function flagsOf(options: [string, string][]): string[] {
  return options.flatMap(([flags]) => flags.split(/[ ,]+/).filter((flag) => flag.startsWith('--')))
}

function argAt(command: Syntax | null, operands: number): string | undefined {
  const args = (command?.args ?? []).map(([name]) => name)
  const last = args.at(-1)
  return args[operands] ?? (last?.includes('...') === true ? last : undefined)
}

function liveOf(command: Syntax | null, operands: number): Candidates['live'] {
  const arg = argAt(command, operands)
  if (arg === undefined) return null
  if (/name/.test(arg) && arg.includes('...')) return 'names'
  return /agent|worker/.test(arg) ? 'agents' : /channel/.test(arg) ? 'channels' : /context/.test(arg) ? 'contexts' : arg === '<team>' ? 'teams' : null
}

function wordsOf(command: Syntax | null, operands: number): string[] {
  const arg = argAt(command, operands)
  return arg === '<shell>' ? ['bash', 'zsh', 'fish'] : command?.name === 'schema' ? ['compose', 'project', 'runtime'] : []
}
