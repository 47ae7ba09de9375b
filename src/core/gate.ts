import { isAbsolute, relative, resolve } from './paths.ts'
import type { Findings } from './findings.ts'
import { parseShell } from './shell.ts'
import type { Agent, HitlSettings } from './team.ts'

/** A tool call that an agent's CLI is about to make, as the runtime's hook tells of it. */
export interface ToolCall {
  /** As the CLI calls it. */
  tool: string
  /**
   * `team`: troupe's own tools; `own`: the CLI's own book-keeping, which reaches nothing; `read` looks at files, `fetch` at
   * other machines, and neither changes anything.
   */
  kind: 'team' | 'own' | 'read' | 'fetch' | 'edit' | 'shell' | 'other'
  /** JSON value: what makes the call what it is, without words for people. */
  input: unknown
  /** Of a shell. */
  command: string | null
  /** Files and folders that it names. */
  paths: string[]
  cwd: string
  /** It begins a subagent; `nested`: for a subagent. */
  spawns?: { nested: boolean }
}

/** `pass`: no opinion, the CLI's own mode and rules count. `ask`: the CLI asks whoever is at its terminal. */
export type Verdict = { do: 'allow' | 'deny' | 'ask'; why: string; approved?: boolean } | { do: 'pass' }

export type Judgement = Verdict | { do: 'hold'; actions: string[]; why: string }

/** Names of what is held for other reasons than a rule. A window may name them too. */
export const everyCall = 'tool_call'
export const anyChange = 'change'
export const prompted = 'prompt'

/** What becomes of a call, by the agent's mode and autonomy and what the call was found to be. */
export function judge(agent: Pick<Agent, 'permissionMode' | 'autonomy' | 'cwd'>, call: ToolCall, found: Findings, hitl: HitlSettings, taint: readonly string[] = []): Judgement {
  if (call.kind === 'team') return { do: 'allow', why: 'the team’s own tool' }
  const { permissionMode: mode, autonomy } = agent
  // What others may have talked it into is not let through on the chance that it is something else.
  const counted = autonomy === 'full' && taint.length === 0 ? [...found.sure] : [...found.sure, ...found.doubtful]
  const actions = hitl.globallySensitiveActions.filter((action) => counted.includes(action))
  if (actions.length > 0) {
    const tainted = taint.length === 0 ? '' : `; its conversation is tainted by ${taint.join(' ')}`
    const why = `${actions.join(', ')}: an action of hitl.globally_sensitive_actions${tainted}`
    return mode === 'plan' ? { do: 'deny', why: `${why}, and permission_mode plan is read-only` } : { do: 'hold', actions, why }
  }
  if (mode === 'confirm' && call.kind !== 'own') return { do: 'hold', actions: [everyCall], why: 'permission_mode confirm: every tool call is approved' }
  if (autonomy === 'proposal_only' && !['own', 'read', 'fetch'].includes(call.kind)) {
    return { do: 'hold', actions: [anyChange], why: 'autonomy proposal_only: whatever changes something is approved' }
  }
  if (mode === 'auto' && found.readable && found.doubtful.size === 0 && staysInside(call, agent.cwd)) return { do: 'allow', why: 'inside its working folder' }
  return { do: 'pass' }
}

/** Of a conversation that holds what strangers wrote. */
export const web = 'web'

/** The call brings in words from other machines. What a program fetches of its own accord cannot be seen. */
export function fetches({ kind, command }: ToolCall): boolean {
  if (kind === 'fetch') return true
  return command !== null && parseShell(command).commands.some((words) => words.some(({ text }) => /^(?:.*\/)?(?:curl|wget|lynx|w3m|links|aria2c|xh|https?)$/.test(text)))
}

/** Programs that reach beyond the folder whatever their words are. */
const reaching = /^(?:sudo|doas|su|ssh|curl|wget|nc|ncat|telnet|chroot|mount|systemctl|service|crontab|at|kill|killall|pkill|dd|chown)$/

/** Where programs are told what they run by themselves, later. */
const running = /(?:^|\/)\.git(?:\/|$)/i

/** Nothing it names lies outside. What programs do by themselves cannot be seen. */
function staysInside({ kind, paths, command, cwd }: ToolCall, folder: string): boolean {
  const inside = (path: string): boolean => {
    // Some CLIs read it as the home folder.
    if (path.startsWith('~')) return false
    const way = relative(folder, resolve(cwd, path))
    return way === '' || (!way.startsWith('..') && !isAbsolute(way))
  }
  if (!inside(cwd) || !paths.every(inside)) return false
  if (kind === 'read') return true
  // What names nothing may be anywhere.
  if (kind === 'edit') return paths.length > 0 && !paths.some((path) => running.test(path))
  if (kind !== 'shell' || command === null) return false
  const { commands, complete } = parseShell(command)
  // Redirections count too: they are words of the text.
  const words = wordsOf(command)
  const leaves = words.some((word) => word.startsWith('~') || word.includes('..') || (word.startsWith('/') && word !== '/dev/null' && !inside(word)))
  const plain = commands.flat().every((word) => word.plain || !/[$`]/.test(word.text))
  const inline = commands.some((each) => each.some(({ text }, at) => at > 0 && /^(-[a-z]*[ce]|--eval)$/.test(text) && /^(?:\S*sh|python\S*|node|perl|ruby|php)$/.test(each[0]?.text ?? '')))
  const hooks = words.some((word) => /(?:^|\/)\.git\/(?:hooks|config|info|modules)/i.test(word))
  return complete && plain && !leaves && !inline && !hooks && !commands.some(goesHome) && !commands.flat().some(({ text }) => reaching.test(text.slice(text.lastIndexOf('/') + 1)))
}

/** What of a command line may be a path. */
export function wordsOf(command: string): string[] {
  return command.split(/[\s;|&<>()"'`=:,]+/)
}

/** To a folder that is not named. */
function goesHome(words: readonly { text: string }[]): boolean {
  const at = words.findIndex(({ text }) => /^(?:cd|pushd|popd)$/.test(text))
  return at >= 0 && (words[at]!.text === 'popd' || words.slice(at + 1).every(({ text }) => text.startsWith('-')))
}
