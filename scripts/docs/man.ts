import { programVersion } from '../../src/api/wire.ts'
import { globalOptions, groups, rootExamples, type Command } from '../../src/cli/tree/index.ts'
import { codes } from './cli.ts'

/** docs/troupe.1, made from the command tree. Macros: man(7). */
export function manPage(): string {
  return [
    '.\\" Made by scripts/docs.ts from src/cli/tree/. Do not edit.',
    `.TH TROUPE 1 "" "troupe ${programVersion}" "User Commands"`,
    '.SH NAME',
    'troupe \\- run a team of coding\\-agent CLIs as a dependable system',
    '.SH SYNOPSIS',
    '.B troupe',
    '.RI [ options ] " command " [ arguments ]',
    '.SH DESCRIPTION',
    text('A team is declared in YAML. troupe starts its agents in terminals, starts them again when they fall over, and carries their messages with proof of delivery.'),
    text('Data goes to stdout, words to stderr. With --json stdout holds exactly one JSON value.'),
    '.SH OPTIONS',
    ...globalOptions.flatMap(entry),
    ...groups.flatMap((group) => [
      `.SH ${quoted(group.title.toUpperCase())}`,
      ...group.commands.filter((each) => each.hidden !== true).flatMap((each) => command(each, '')),
    ]),
    '.SH EXIT STATUS',
    ...codes.flatMap(([exit, meaning]) => entry([String(exit), meaning])),
    '.SH ENVIRONMENT',
    ...entry(['TROUPE_ROOT, TEAMCTL_ROOT', 'folder of the team, where -C does not name one']),
    ...entry(['NO_COLOR', 'no colours']),
    '.SH FILES',
    ...entry(['team-compose.yaml', 'the team; found in .team/ or here, upwards from the working folder']),
    ...entry(['state/', 'beside it: database, journal, logs, sockets of the team']),
    '.SH EXAMPLES',
    ...rootExamples.flatMap(([line, what]) => entry([`troupe ${line}`, what])),
    '',
  ].join('\n')
}

function command(each: Command, prefix: string): string[] {
  const path = `${prefix}${each.name}`
  const subs = (each.commands ?? []).flatMap((sub) => command(sub, `${path} `))
  if (each.run === undefined) return subs
  const usage = ['troupe', path, ...(each.options === undefined ? [] : ['[options]']), ...(each.args ?? []).map(([name]) => name)].join(' ')
  const alias = each.alias === undefined ? '' : ` Also troupe ${each.alias}.`
  return [
    `.SS ${quoted(usage)}`,
    text(`${each.about}.${alias}`),
    ...[...(each.args ?? []), ...(each.options ?? [])].flatMap(entry),
    ...(each.more === undefined ? [] : ['.PP', text(each.more)]),
    ...subs,
  ]
}

function entry([name, about]: [string, string]): string[] {
  return ['.TP', `.B ${quoted(name)}`, text(about)]
}

function quoted(words: string): string {
  return `"${escaped(words).replaceAll('"', '""')}"`
}

/** One line of text that no dot or quote at its beginning turns into a macro. */
function text(words: string): string {
  return `\\&${escaped(words)}`
}

const names: Record<string, string> = { '’': '\\(cq', '…': '...', '–': '\\(en', '—': '\\(em' }

function escaped(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('\n', ' ')
    .replaceAll(/[’…–—]/g, (found) => names[found] ?? found)
}
