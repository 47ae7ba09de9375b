import { exitCodes, type ErrorCode } from '../../src/core/error.ts'
import { jsonShape } from './shape.ts'
import { globalOptions, groups, type Command } from '../../src/cli/tree/index.ts'

export const codes: [number, string][] = [
  [0, 'done'],
  [1, 'failed, or somebody was first'],
  [2, 'the command line or the team’s files are wrong, or a file named there is missing'],
  [3, 'not allowed, or not now'],
  [4, 'a named agent, channel or message does not exist'],
  [5, 'the time was not enough'],
  [130, 'interrupted by Ctrl-C'],
]

/** docs/cli.md, made from the command tree. */
export function cliReference(): string {
  return [
    '<!-- Made by scripts/docs.ts from src/cli/tree/. Do not edit. -->',
    '# Command line',
    '',
    'Data goes to stdout, words to stderr. With `--json` stdout holds exactly one JSON value (one value a line where a command follows with `-f`),',
    'and an error is `{"error": {"code", "message", "hint", "facts"}}` on stderr. Times are milliseconds since the epoch,',
    'durations milliseconds, money decimal strings in USD. Shapes are only ever added to: `?` marks what can be absent, and `|` alternatives.',
    'An agent is named by its address, `project:agent`, or by its short name where that is unique.',
    '',
    '## Options of every command',
    '',
    ...table(['option', 'meaning'], globalOptions.map(([flags, about]) => [code(flags), about])),
    '',
    '## Exit codes',
    '',
    ...table(['code', 'meaning', 'error codes'], codes.map(([exit, meaning]) => [String(exit), meaning, errorsOf(exit)])),
    ...groups.flatMap((group) => ['', `## ${group.title}`, ...group.commands.filter((each) => each.hidden !== true).flatMap((each) => section(each, ''))]),
    '',
  ].join('\n')
}

function section(command: Command, prefix: string): string[] {
  const path = `${prefix}${command.name}`
  const subs = (command.commands ?? []).flatMap((each) => section(each, `${path} `))
  if (command.run === undefined) return subs
  const shown = jsonShape(path)
  const usage = ['troupe', path, ...(command.options === undefined ? [] : ['[options]']), ...(command.args ?? []).map(([name]) => name)].join(' ')
  return [
    '',
    `### troupe ${path}`,
    '',
    `${command.about}.${command.alias === undefined ? '' : ` Also \`troupe ${command.alias}\`.`}`,
    '',
    code(usage),
    ...list([...(command.args ?? []).map(([name, about]): [string, string] => [name, about]), ...(command.options ?? [])]),
    ...(command.more === undefined ? [] : ['', command.more]),
    ...(shown === null ? [] : ['', `With \`--json\`: ${shown.startsWith('the ') ? shown : code(shown)}`]),
    ...examples(command.examples ?? []),
    ...subs,
  ]
}

function list(entries: [string, string][]): string[] {
  return entries.length === 0 ? [] : ['', ...table(['argument, option', 'meaning'], entries.map(([name, about]) => [code(name), about]))]
}

function examples(lines: [string, string][]): string[] {
  return lines.length === 0 ? [] : ['', ...lines.map(([line, what]) => `- ${code(line.includes('troupe ') ? line : `troupe ${line}`)}: ${what}`)]
}

function errorsOf(exit: number): string {
  return (Object.keys(exitCodes) as ErrorCode[]).filter((each) => exitCodes[each] === exit).map(code).join(', ')
}

function code(text: string): string {
  return `\`${text}\``
}

export function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)]
}
