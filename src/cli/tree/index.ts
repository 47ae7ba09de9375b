import { adhoc } from './adhoc.ts'
import { agents } from './agents.ts'
import { approvals } from './approvals.ts'
import { care } from './care.ts'
import type { Command, Group } from './command.ts'
import { files } from './files.ts'
import { graph } from './bridges.ts'
import { housekeeping } from './housekeeping.ts'
import { mail } from './mail.ts'
import { money } from './money.ts'
import type { Language } from './syntax.ts'
import { system } from './system.ts'
import { taskFiles } from './task-files.ts'
import { team } from './team.ts'
import { workers } from './workers.ts'

export type { Command, Group } from './command.ts'

export const groups: Group[] = [team, adhoc, agents, workers, taskFiles, mail, graph, approvals, money, files, care, housekeeping, system]

export const globalOptions: [string, string][] = [
  ['-C, --root <dir>', 'folder of the team (else TROUPE_ROOT, else found upwards from here, else the current context)'],
  ['-T, --team <name>', 'a team by its name, or the beginning of it, as `troupe list` shows them (TEAM_NAME does the same)'],
  ['--json', 'one JSON value on stdout; errors as JSON on stderr'],
  ['-q, --quiet', 'no words on stderr except warnings and errors'],
  ['--no-color', 'no colours (NO_COLOR and TERM=dumb do the same)'],
]

export const rootExamples: [string, string][] = [
  ['init', 'write the files of a team'],
  ['up', 'start it'],
  ['ps', 'look at it'],
  ['send dev "run the tests"', 'talk to it'],
  ['rehearse', 'see one at work, offline'],
  ['new shop', 'or a team from one command line'],
  ['"write the missing tests"', 'and say to its lead what you want'],
]

/** Every command of every group. */
export const commands: Command[] = groups.flatMap((group) => group.commands)

export const language: Language = { commands, options: globalOptions }

/** Commands of the design that this version does not have: a clear word instead of "unknown command". */
export const later: readonly string[] = [
  'task',
  'freeze', 'thaw', 'halt',
]
