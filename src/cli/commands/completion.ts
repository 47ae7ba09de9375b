import { TroupeError } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import type { Cli } from '../cli.ts'
import { candidates, type Candidates } from '../candidates.ts'
import type { Given } from '../given.ts'

const scripts: Record<string, string> = {
  bash: `# troupe completion for bash
_troupe() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  local line="\${COMP_LINE:0:COMP_POINT}"
  # addresses hold a colon, at which bash breaks words: take the words from the line itself
  read -r -a words <<<"$line"
  [[ $line == *' ' ]] && words+=('')
  local last="\${words[-1]}" found
  found="$(troupe complete -- "\${words[@]:1}" 2>/dev/null)" || return
  COMPREPLY=($(compgen -W "$found" -- "$last"))
  [[ $last == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${last%"\${last##*:}"}"}")
}
complete -o default -F _troupe troupe
`,
  zsh: `#compdef troupe
_troupe() {
  local -a found
  found=("\${(@f)$(troupe complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -Q -- "\${found[@]}"; else _files; fi
}
if [[ "$funcstack[1]" == _troupe ]]; then _troupe "$@"; else compdef _troupe troupe; fi
`,
  fish: `# troupe completion for fish
function __troupe_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (troupe complete -- $words[2..-1] 2>/dev/null)
    if test -n "$found[1]"
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c troupe -f -a '(__troupe_complete)'
`,
}

export async function completion({ out }: Cli, given: Given): Promise<void> {
  const shell = given.required('shell')
  const script = scripts[shell]
  if (script === undefined) {
    const shells = Object.keys(scripts)
    throw new TroupeError('usage', `there is no completion for "${shell}"`, { hint: `troupe completion ${nearest(shell, shells) ?? shells.join('|')}` })
  }
  out.raw(script)
}

/** One candidate a line. Silent when there is no team: completion never complains. */
export async function complete(cli: Cli, given: Given): Promise<void> {
  const words = given.words('words')
  const { fixed, live } = candidates(words, cli.language)
  const last = words.at(-1) ?? ''
  // Names are a help, no more: a team that cannot be read completes to nothing.
  const named = live === null ? [] : await names(cli, live).catch(() => [])
  for (const word of [...fixed, ...named]) if (word.startsWith(last)) cli.out.line(word)
}

/** From the daemon if it runs, else from the files. */
async function names(cli: Cli, kind: NonNullable<Candidates['live']>): Promise<string[]> {
  if (kind === 'contexts') {
    const { contextsFile, readContexts } = await import('../../config/contexts.ts')
    return [...readContexts(contextsFile(cli.env)).roots.keys()]
  }
  if (kind === 'teams') {
    const { namedTeams } = await import('../../config/named-teams.ts')
    return namedTeams(cli.env).map(({ name }) => name)
  }
  if (kind === 'agents' && (await cli.running())) {
    return spellings((await cli.call('ps', {})).map((row) => row.agent))
  }
  const { namesOf } = await import('../team-files.ts')
  const found = namesOf(await cli.root())
  return kind === 'channels' ? found.channels : [...(kind === 'names' ? found.projects : []), ...spellings(found.agents)]
}

/** Short names where they are unique, then the addresses. */
function spellings(addresses: string[]): string[] {
  const ids = addresses.map((address) => address.slice(address.indexOf(':') + 1))
  return [...ids.filter((id) => ids.indexOf(id) === ids.lastIndexOf(id)), ...addresses]
}
