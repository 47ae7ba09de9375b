import { TroupeError } from '../../core/error.ts'
import { run, type Ran } from '../../util/spawn.ts'

/** Runs git in a folder, by argv. A failing git is a value. */
export type Git = (folder: string, ...args: string[]) => Promise<Ran>

/** No hook, no daemon of a repository’s own, and nothing that reaches into submodules or cleans up beside what is asked for. */
const careful = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.untrackedCache=false', 'submodule.recurse=false', 'gc.auto=0', 'maintenance.auto=false', 'advice.detachedHead=false']

/** A checkout of a large repository on a slow disk. ms */
const longest = 600_000
const outputBytes = 32 * 1024 * 1024

/** `env`: of the person; what would point git elsewhere is not handed on. */
export function gitWith(env: () => Record<string, string>): Git {
  return async (folder, ...args) => {
    const { PATH = '', HOME = '', XDG_CONFIG_HOME } = env()
    const own = { PATH, HOME, ...(XDG_CONFIG_HOME === undefined ? {} : { XDG_CONFIG_HOME }), LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' }
    try {
      return await run(['git', ...careful.flatMap((each) => ['-c', each]), '-C', folder, ...args], { env: own, timeoutMs: longest, outputBytes })
    } catch (cause) {
      throw new TroupeError('config', 'git could not be started', { hint: 'install git; worktrees need it', cause })
    }
  }
}

/** What git prints. Throws `failed` with its words where it fails. */
export async function must(git: Git, folder: string, ...args: string[]): Promise<string> {
  const ran = await git(folder, ...args)
  if (ran.code === 0 && !ran.cut) return ran.stdout
  const why = ran.timedOut ? 'took too long' : ran.cut ? 'printed more than can be read' : wordsOf(ran)
  throw new TroupeError('failed', `git ${args[0] ?? ''} in ${folder}: ${why}`, { facts: { folder, code: ran.code } })
}

/** One line of what git prints; null where it fails. */
export async function ask(git: Git, folder: string, ...args: string[]): Promise<string | null> {
  const ran = await git(folder, ...args)
  return ran.code === 0 ? ran.stdout.replace(/\n$/, '') : null
}

export function wordsOf({ stderr, code, signal }: Ran): string {
  const said = stderr.trim().split('\n').filter((line) => line !== '').slice(-3).join('; ')
  return said === '' ? `it ended with ${code ?? signal}` : said.replace(/^(fatal|error): /, '')
}

/** Parts of a NUL-separated output. */
export function parts(text: string): string[] {
  return text.split('\0').filter((part) => part !== '')
}

export interface Entry {
  path: string
  head: string | null
  /** Short; null where its HEAD is detached. */
  branch: string | null
  /** The reason; empty where none was given. */
  locked: string | null
}

/** The worktrees that a repository knows, the main one first. */
export async function entriesOf(git: Git, repository: string): Promise<Entry[]> {
  const lines = (await must(git, repository, 'worktree', 'list', '--porcelain', '-z')).split('\0')
  const entries: Entry[] = []
  for (const line of lines) {
    const [key = '', ...rest] = line.split(' ')
    const value = rest.join(' ')
    if (key === 'worktree') entries.push({ path: value, head: null, branch: null, locked: null })
    const entry = entries.at(-1)
    if (entry === undefined) continue
    if (key === 'HEAD') entry.head = value
    if (key === 'branch') entry.branch = value.replace(/^refs\/heads\//, '')
    if (key === 'locked') entry.locked = value
  }
  return entries
}
