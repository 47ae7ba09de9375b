import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Agent } from '../../core/team.ts'
import { shellQuote } from '../applied.ts'
import type { Place } from '../place.ts'
import { checkFile } from './files.ts'

/** As teamctl has it, a program named by a relative path lies below the team root, wherever the agent works. */
export function agentHooks(root: string, raw: Agent['hooks'], place: Place): Agent['hooks'] {
  return raw.map((hook, index) => {
    const here = place.at(index, 'command')
    if (hook.event.trim() === '') place.at(index, 'event').error('the event is empty')
    if (hook.command.trim() === '') here.error('the command is empty')
    return { ...hook, command: fromRoot(root, hook.command, here) }
  })
}

function fromRoot(root: string, command: string, place: Place): string {
  const [, program = '', rest = ''] = /^\s*([^\s"'$`;|&<>()*?[\]{}~\\]+)(\s[^]*)?$/.exec(command) ?? []
  if (!program.includes('/') || isAbsolute(program)) return command
  const file = resolve(root, program)
  if (existsSync(file)) return `${shellQuote(checkFile(root, program, 'the program of the hook', place))}${rest}`
  place.warning(`the program \`${program}\` of the hook is not there`, `create ${file}: a relative path is one below the team root`)
  return command
}
