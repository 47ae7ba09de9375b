import { Command as Parser, CommanderError } from 'commander'
import { TroupeError } from '../core/error.ts'
import { nearest } from '../core/nearest.ts'
import { Given } from './given.ts'
import { insteadOf } from './teamctl-words.ts'
import { pad, width } from './text.ts'
import { repeats } from './tree/syntax.ts'
import { commands, globalOptions, groups, later, rootExamples, type Command } from './tree/index.ts'

/** What the command line asks for. Help and version have been printed already when it is `nothing`. */
export type Request =
  | { do: 'run'; run: NonNullable<Command['run']>; given: Given }
  | { do: 'nothing'; exitCode: number }

export interface ProgramOptions {
  version: string
  write: (text: string) => void
  writeError: (text: string) => void
  columns: number
}

/** Parses argv (without node and script). Throws TroupeError `usage` with the nearest name. */
export async function parse(argv: string[], options: ProgramOptions): Promise<Request> {
  const found: { request?: Request } = {}
  const [first, topic] = argv
  if (first === 'help' && topic !== undefined && !topic.startsWith('-') && ![...commands, { name: 'help', alias: undefined }].some(({ name, alias }) => name === topic || alias === topic)) throw unknownCommand(topic, new Parser('troupe'))
  const program = build(options, commandsIn(argv), (request) => void (found.request = request))
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { do: 'nothing', exitCode: error.exitCode === 0 ? 0 : 2 }
  }
  return found.request ?? { do: 'nothing', exitCode: 0 }
}

/** Only the commands that the line may mean: building all of them takes longer than the rest of a start. */
function commandsIn(argv: string[]): readonly Command[] {
  const named = commands.filter((command) => argv.includes(command.name) || (command.alias !== undefined && argv.includes(command.alias)))
  return named.length > 0 && !['help', '-h', '--help'].includes(argv[0] ?? '') ? named : commands
}

function build({ version, write, writeError, columns }: ProgramOptions, wanted: readonly Command[], chosen: (request: Request) => void): Parser {
  const program = new Parser('troupe')
  refuseUnknown(program)
    .exitOverride(leave('troupe'))
    .configureOutput({
      writeOut: write,
      writeErr: writeError,
      outputError: () => undefined, // thrown and told by the caller
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
    })
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .summary('Run a team of coding-agent CLIs as a dependable system')
    .addHelpText('before', () => examplesText('Run a team of coding-agent CLIs as a dependable system', rootExamples))
    .addHelpText('after', '\ntroupe COMMAND --help tells more about a command.')
    .helpOption('-h, --help', 'show this')
    .commandsGroup(`${groups.at(-1)?.title ?? ''}:`)
    .helpCommand('help [command]', 'Show the help of a command')
    .version(version, '--version', 'print the version')
  for (const [flags, about] of globalOptions) program.option(flags, about)
  for (const group of groups) {
    for (const command of group.commands) {
      if (wanted.includes(command)) add(program, command, 'troupe', chosen).helpGroup(`${group.title}:`)
    }
  }
  return program
}

function add(parent: Parser, command: Command, prefix: string, chosen: (request: Request) => void): Parser {
  const path = `${prefix} ${command.name}`
  const parser = parent.command(command.name, { hidden: command.hidden ?? false }).summary(command.about).exitOverride(leave(path))
  parser.addHelpText('before', () => examplesText(command.about, command.examples ?? []))
  if (command.alias !== undefined) parser.alias(command.alias)
  if (command.more !== undefined) parser.addHelpText('after', `\n${command.more}`)
  for (const [name, about] of command.args ?? []) parser.argument(name, about)
  for (const [syntax, about] of command.options ?? []) addOption(parser, syntax, about)
  for (const sub of command.commands ?? []) add(parser, sub, path, chosen)
  if (command.commands !== undefined && command.run === undefined) refuseUnknown(parser)
  const { run } = command
  if (run === undefined) return parser
  // Whatever follows a command that takes no argument was meant for a command of its own.
  const takesNone = command.commands !== undefined && (command.args ?? []).length === 0
  return parser.allowExcessArguments(takesNone).action(() => {
    const [stray] = takesNone ? parser.args : []
    if (stray !== undefined) throw unknownCommand(stray, parser)
    chosen({ do: 'run', run, given: givenOf(parser) })
  })
}

function addOption(parser: Parser, syntax: string, about: string): void {
  const { flags, many } = repeats(syntax)
  if (many) parser.option(flags, about, (value: string, before: string[] = []) => [...before, value])
  else parser.option(flags, about)
}

function refuseUnknown(parser: Parser): Parser {
  return parser.on('command:*', ([name = '']: string[]) => {
    throw unknownCommand(name, parser)
  })
}

function givenOf(parser: Parser): Given {
  const args = parser.registeredArguments.map((argument, i): [string, unknown] => [argument.name(), parser.processedArgs[i]])
  return new Given({ ...parser.optsWithGlobals(), ...Object.fromEntries(args) })
}

/** `ps, status`; a leaf shows its arguments too. */
function termOf(parser: Parser): string {
  const args = parser.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`))
  return [[parser.name(), ...parser.aliases()].join(', '), ...args].join(' ')
}

function examplesText(about: string, examples: [string, string][]): string {
  const lines = examples.map(([line, what]): [string, string] => [line.includes('troupe ') ? line : `troupe ${line}`, what])
  const column = Math.max(0, ...lines.map(([line]) => width(line)))
  const beside = column <= 44
  const shown = lines.map(([line, what]) => (beside ? `  ${pad(line, column)}  ${what}` : `  ${line}\n      ${what}`))
  return [about, ...(shown.length === 0 ? [] : ['', 'Examples:', ...shown]), ''].join('\n')
}

/** Help goes on as it is; an error becomes ours: Commander's own words, with one hint. */
function leave(path: string): (error: CommanderError) => never {
  return (error) => {
    if (error.exitCode === 0 || error.code === 'commander.help') throw error
    const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
    const meant = /Did you mean (?:one of )?([^,?]+)/.exec(rest.join(' '))?.[1]
    throw new TroupeError('usage', first.replace(/\.$/, ''), { hint: meant ?? `${path} --help` })
  }
}

function unknownCommand(name: string, parent: Parser): TroupeError {
  if (parent.parent === null && later.includes(name)) {
    return new TroupeError('usage', `troupe ${name} is not available in this version`, { hint: 'troupe --help shows what is', facts: { command: name } })
  }
  const theirs = parent.parent === null ? insteadOf(name) : undefined
  if (theirs !== undefined) return new TroupeError('usage', `"${name}" is a command of teamctl, not of troupe`, { hint: `${theirs}; to say it to the lead: troupe prompt ${name}`, facts: { command: name } })
  const path = parent.parent === null ? 'troupe' : `troupe ${parent.name()}`
  const known = parent.parent === null ? commands : (commands.find((each) => each.name === parent.name())?.commands ?? [])
  const names = known.filter((each) => each.hidden !== true).flatMap((each) => [each.name, ...(each.alias === undefined ? [] : [each.alias])])
  const meant = nearest(name, names)
  const all = parent.parent === null || names.length > 6 ? `${path} --help` : names.map((each) => `${path} ${each}`).join(', ')
  return new TroupeError('usage', `there is no command "${path === 'troupe' ? '' : `${parent.name()} `}${name}"`, {
    hint: meant === undefined ? all : `${path} ${meant}${path === 'troupe' ? `; to say it to the lead: troupe prompt ${name}` : ''}`,
    facts: { command: name, ...(meant === undefined ? {} : { nearest: meant }) },
  })
}
