import type { Request } from './program.ts'
import { Given } from './given.ts'
import { repeats } from './tree/syntax.ts'
import { commands, globalOptions } from './tree/index.ts'

/**
 * Reads a plain, correct command line without the parser library, which takes longer to load than the rest of
 * a start. Null for everything else (help, errors, `--`, `--flag=value`, subcommands): the library reads that.
 * A test holds the two to the same results.
 */
export function quick(argv: readonly string[]): Extract<Request, { do: 'run' }> | null {
  const values: Record<string, unknown> = {}
  const operands: string[] = []
  let known = options(globalOptions)
  let command: (typeof commands)[number] | undefined
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    if (word.startsWith('-') && word !== '-') {
      const option = known.get(word)
      if (option === undefined) return null
      if (option.takesValue) {
        const value = argv[(at += 1)]
        if (value === undefined || value.startsWith('-')) return null
        const before = values[option.key]
        values[option.key] = option.many ? [...(Array.isArray(before) ? before : []), value] : value
      } else values[option.key] = true
    } else if (command === undefined) {
      command = commands.find((each) => each.name === word || each.alias === word)
      known = options([...globalOptions, ...(command?.options ?? [])])
      if (command?.run === undefined || command.commands !== undefined) return null
    } else operands.push(word)
  }
  if (command?.run === undefined || !takeOperands(command.args ?? [], operands, values)) return null
  return { do: 'run', run: command.run, given: new Given(values) }
}

interface Option { key: string; takesValue: boolean; many: boolean }

function options(list: [string, string][]): Map<string, Option> {
  const found = new Map<string, Option>()
  for (const [syntax] of list) {
    const { flags, many } = repeats(syntax)
    const words = flags.split(/[ ,]+/)
    const key = words.find((word) => word.startsWith('--'))?.slice(2) ?? ''
    // `--no-…` and names of several words have rules of their own in the library.
    if (!key.includes('-')) for (const word of words) if (word.startsWith('-')) found.set(word, { key, takesValue: flags.includes('<'), many })
  }
  return found
}

/** False where there are too few or too many. */
function takeOperands(args: [string, string][], operands: string[], values: Record<string, unknown>): boolean {
  let at = 0
  for (const [syntax] of args) {
    const name = syntax.replace(/[<>[\].]/g, '')
    const variadic = syntax.includes('...')
    if (syntax.startsWith('<') && operands[at] === undefined) return false
    values[name] = variadic ? operands.slice(at) : operands[at]
    at = variadic ? operands.length : at + 1
  }
  return operands.length <= at
}
