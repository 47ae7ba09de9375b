import type { Clock } from './clock.ts'
import type { ToolCall, Verdict } from './gate.ts'
import type { Evidence } from './phase.ts'
import type { FailureClass } from './restart.ts'
import type { ProcessSpec, Typing } from './supervisor.ts'
import type { Agent, Team } from './team.ts'
import type { Ladder, Proof, Rung } from './ladder.ts'
import type { Priority, Trust } from './message.ts'

/**
 * The port to an agent CLI: how to launch, watch, feed, interrupt and meter it.
 * A runtime knows its CLI and nothing of the store, the sockets or the team's other members.
 */
export interface Runtime {
  readonly name: string
  readonly abilities: Abilities
  /** Nothing is known that would lead it to the scripted model: in a rehearsal it would ask a real one. Absent where something is. */
  readonly unrehearsed?: true
  /** Installed? Which version, which features? Never starts a conversation. */
  health(host: Host): Promise<Health>
  /** Writes what the CLI needs into the agent's folder and says what to run. Idempotent. */
  launch(context: LaunchContext): Promise<Launch>
  /** What a working folder brings along that would run something, or lead the CLI elsewhere. Absent where folders can do neither. */
  lookInto?(cwd: string): Promise<FolderFinding[]>
  /**
   * A conversation that exists, for an agent that never had one: its own of earlier, another agent's, or the person's, whom a
   * rehearsal does not touch. Null: there is none of that id. Changes nothing. Absent where it cannot be known before the
   * CLI runs.
   */
  findConversation?(session: string, whose: Whose): Promise<Conversation | null>
  /** Files that decide what the CLI lets an agent do, absolute: the person's, and the agent's own, which only `launch` writes. */
  guarded?(host: Host, folder: string): { users: string[]; own: string[] }
  /**
   * What its screen shows of its state, with nothing else asked: the last evidence, for where no hook, protocol or record
   * tells. Only what the program itself draws counts, at the place where it draws it. Absent where a description decides.
   */
  looks?(screen: string): ScreenState
  /** Takes up one running incarnation, fresh or adopted. Must not throw for a process that is already gone. */
  open(context: SessionContext): Session
}

/** null: it cannot be told from this screen. */
export type ScreenState = 'idle' | 'busy' | 'waiting' | null

/** What a runtime can prove and do, declared; the contract suite checks both the claims and the absences. */
export interface Abilities {
  /** Resumes a conversation by id. */
  resume: boolean
  /** Can say that text was taken in: which proofs it can give. */
  proofs: Proof[]
  /** Rungs that work in each state. */
  rungs: Ladder
  interrupt: boolean
  /** How its model comes to see pictures. */
  images: {
    /** Rungs that bring those of a message with its words. */
    message: readonly Rung[]
    /** Those that a tool answers with. */
    tool: boolean
  }
  /** Tokens of each model call. `told`: of a turn, as the agent itself tells them, which may be less or not the same. */
  usage: boolean | 'told'
  mcp: boolean
  /** Shortens its own conversation when asked, see `Session.compact`. */
  compact: boolean
  /** Asks for leave before each tool call, see `Session.gate`. */
  gate: boolean
  /** What it asks its user in mode `manual` can be answered by troupe, too: a `Gate` of stage `prompt`. */
  prompts: boolean
  /** Tells, in a note, that it asks a failing model again. */
  retries: boolean
  /** Knows when a used-up allowance is given again: `until` of a failure of class `quota`. */
  resets: boolean
  /** Keys of an agent in the team's files that it acts upon; `validate` warns of the others. */
  settings: readonly AgentSetting[]
}

/** What a team's files may ask of a runtime beyond what each must do; named as YAML has it. */
export type AgentSetting = 'effort' | 'hooks' | 'mcps' | 'skills' | 'subagents' | 'ultracode'

/** The machine as a runtime sees it. Values, not globals: environment is read by config/ alone. */
export interface Host {
  env: Record<string, string>
  home: string
  isRoot: boolean
  clock: Clock
}

export interface Health {
  installed: boolean
  /** Absolute path of the program. */
  program: string | null
  version: string | null
  /** What the probe found, such as `messagingSocket: true`. */
  features: Record<string, boolean>
  /** Set where it cannot be used as it is: why, and what to do. */
  problem: { why: string; fix: string } | null
  /** Worth knowing where all is well, such as what of a person's own settings agents have. */
  notes?: readonly string[]
}

/** An agent, as far as its runtime keeps conversations for it. `folder` as in `LaunchContext`. */
export interface Whose {
  host: Host
  folder: string
  root: string
  address: string
  rehearsal: boolean
}

/** `cwd`: the only working folder that it can be taken up in, absolute; null: any. */
export interface Conversation {
  cwd: string | null
  /** Puts it where `launch` of that agent finds it, whole or not at all. What was there is left. Idempotent. */
  bring(): Promise<void>
}

/** `what` is said of the file, such as `has hooks (Stop)`. */
export interface FolderFinding {
  file: string
  what: string
}

/** Formats of model calls over HTTP: Messages (Anthropic), Responses and Chat Completions (OpenAI), generateContent (Google). */
export type ModelFormat = 'messages' | 'responses' | 'chat' | 'generate'

/** How the model calls of a CLI can go through troupe: where they would go, in which form, and what proves whose they are. */
export interface ModelWay {
  /** The first is that of refusals that fit no call. */
  formats: readonly [ModelFormat, ...ModelFormat[]]
  /** Of its provider, where nothing says otherwise. */
  root: string
  /** What each path begins with and the root holds already, such as `/v1`; empty: nothing. */
  version: string
  /** The variable that names another root. null: there is none. */
  rootVariable: string | null
  /** A variable with a key, and the header that carries it; the first that is set counts. */
  keys: readonly { variable: string; header: string; value(key: string): string }[]
  /** The CLI's record names each call as its provider does. Otherwise what it tells of a call that went through troupe is not counted: it would count twice. */
  recordsById: boolean
}

export interface LaunchContext {
  team: Team
  agent: Agent
  incarnation: string
  host: Host
  health: Health
  /** The agent's own folder, `state/agents/<project>-<agent>`, 0700, made by the caller. */
  folder: string
  /** `http://127.0.0.1:<port>`: where the MCP endpoint (`/mcp`), the hook sink (`/hook`) and the model (`/model`) are. */
  url: string
  /** Absolute paths of troupe's own small programs. */
  programs: Programs
  /** Where the lane of this incarnation listens, in a folder that is there and goes with it. Short enough for a socket. */
  laneSocket: string
  /** The environment every agent gets (identity, PATH, locale, …); a runtime adds to it. Holds TROUPE_AGENT_TOKEN. */
  env: Record<string, string>
  /** Mission, team and rules as plain text: the system prompt to append. */
  briefing: string
  /** Conversation to resume, if there was one. */
  session: string | null
  /** The scripted model answers instead of a real one. */
  rehearsal: boolean
  /** Its model calls go to `url`/model with its bearer; a key is there, and stays with troupe. */
  proxied: boolean
}

export interface Programs {
  /** argv prefix that runs Node on a file. */
  node: string
  hook: string
  /** Asks the daemon about a call, for CLIs that know command hooks alone. */
  gate: string
  /** Starts a server, waits until it listens, and becomes the program that is used with it. */
  pair: string
  shim: string
  scripted: string
  lane: string
}

export interface Launch {
  spec: ProcessSpec
  /** The conversation id that the CLI was told to use, where it can be told. */
  session: string | null
  /** Sentences a person should read once, such as a mode that root forces. */
  notices: string[]
}

export interface SessionContext {
  agent: Agent
  incarnation: string
  /** Process id in the pane; null once it is gone. */
  pid: number
  startedAt: number
  session: string | null
  /** An earlier daemon saw it ready: what showed that may be gone from its screen by now. */
  wasReady: boolean
  folder: string
  /** As in `LaunchContext`. */
  laneSocket: string
  host: Host
  /** Types into the agent's terminal, reads its screen. */
  terminal: Terminal
  tools: ToolLine
  /**
   * Whether a call may be made, for a CLI that asks over its protocol and not by a hook: takes as long as a person does.
   * Never rejects. What is said once `signal` is aborted counts for nothing: the next daemon is asked again.
   */
  judge(gate: Pick<Gate, 'stage' | 'call' | 'patienceMs' | 'elsewhere'>, signal: AbortSignal): Promise<Verdict>
}

/** The line between a CLI and the team's tools, as troupe's server sees it. */
export interface ToolLine {
  /** The CLI listens there now. Not every CLI does. */
  open(): boolean
  /** When it last asked for anything there beyond a greeting and a subscription, by `Clock.elapsed`; null: not since this daemon began. */
  heardAt(): number | null
}

export interface Terminal {
  type(input: Typing[]): Promise<void>
  /** `escapes` keeps colours and styles as SGR sequences. */
  screen(options?: { escapes?: boolean }): Promise<string>
}

/** One incarnation being watched and fed. */
export interface Session {
  /** Signals in order. The first call may replay the current state. Returns the way out. */
  subscribe(listener: (signal: Signal) => void): () => void
  /** A hook of the CLI called in. The answer is sent back as JSON; must return within 1 s unless it says otherwise. */
  hook(event: Record<string, unknown>): Promise<Record<string, unknown>>
  /**
   * The hook's event is a tool call that has not begun, or what the CLI asks its user about one: the call, and how a
   * verdict on it is told to the CLI. The answer may take as long as a person does. Null for any other event; absent
   * where the CLI asks for no leave.
   */
  gate?(event: Record<string, unknown>): Gate | null
  /**
   * Answers a prompt about exactly this call that still stands at the terminal, because the hook that told of it was cut
   * off. False where no such prompt can be seen: nothing was entered then.
   */
  settle?(call: Pick<ToolCall, 'tool' | 'input'>, verdict: 'approve' | 'deny'): Promise<boolean>
  /**
   * Offers one message through one rung. Resolves when the CLI has taken it or refused it; proof may come
   * later as a signal that names the same message. Never blocks on a model.
   */
  deliver(rung: Rung, parcel: Parcel): Promise<Attempt>
  interrupt(): Promise<void>
  /**
   * Has the CLI put a summary in the place of its conversation. Only an idle one is asked; resolves once it is done, which
   * takes as long as a model does. Absent where the CLI cannot.
   */
  compact?(): Promise<Compaction>
  /** How to end it politely. */
  farewell(): Typing[] | 'signal'
  close(): void
}

export interface Gate {
  /** `prompt`: its own mode and rules want a person's word, and the team's files say that this is for troupe to get. */
  stage: 'call' | 'prompt'
  call: ToolCall
  /** How long the CLI waits for the answer at most, with time to spare, ms: it was told at its launch, the team may have changed since. */
  patienceMs: number
  answer(verdict: Verdict): Record<string, unknown>
  /** Of a prompt that stands at a terminal too: tells of the answer that somebody gives there. Returns the way out. */
  elsewhere?(answered: (verdict: 'approve' | 'deny') => void): () => void
}

/** A message as a runtime gets it: rendered, with what it needs to choose its words and to find it again. */
export interface Parcel {
  id: string
  n: number
  /** The envelope with the fenced body, ready to show. */
  text: string
  /** Appears verbatim in `text`; looked for in hooks and transcripts. */
  marker: string
  trust: Trust
  priority: Priority
  /** To be shown beside the text, which tells of each, in this order. Only where the rung brings pictures. */
  pictures: readonly Picture[]
}

/** A picture that came with a message. */
export interface Picture {
  /** Of the attachment, as the text names it. */
  n: number
  /** Of PNG, JPEG, GIF or WebP. */
  mime: string
  /**
   * Whole and unchanged; read anew each time, since a parcel may wait for long. Rejects where it is gone, was changed or is no
   * picture that a model takes: that is told by then, and the message goes without.
   */
  read(): Promise<Buffer>
}

/** `later`: it is at work, or a person is; nothing was entered. */
export type Compaction = { result: 'done' | 'later' | 'failed'; what: string }

export type Attempt =
  | { result: 'proved'; proof: Proof; what: string }
  | { result: 'taken'; what: string } // given to the CLI, proof to follow as a signal; where none comes it is given again
  | { result: 'typed'; what: string } // typed, and nothing can ever prove it: it is not typed again
  | { result: 'refused'; why: string } // this rung does not work now; nothing was entered

export type Signal =
  | { type: 'ready'; evidence: Evidence }
  | { type: 'idle'; evidence: Evidence }
  | { type: 'busy'; evidence: Evidence }
  /** `fix`: how a person answers it, or is spared it the next time. */
  | { type: 'waiting'; what: string; fix?: string; evidence: Evidence }
  | { type: 'proof'; marker: string; proof: Proof; evidence: Evidence }
  | { type: 'session'; id: string; evidence: Evidence }
  | { type: 'failure'; class: FailureClass; why: string; until: number | null; fix?: string; evidence: Evidence }
  /** A tool other than the team's was used with success. */
  | { type: 'work'; tool: string }
  | { type: 'usage'; usage: UsageRecord }
  /** The agent's last words of a turn, or of a one-shot run: what it answers to whoever gave it the work. Told before the end of it. */
  | { type: 'said'; text: string; at: number }
  /** A subagent of the CLI's own began, or is over. */
  | { type: 'subagent'; id: string; running: boolean }
  /** What a one-shot run came to: its last words, or why it failed. Its process ends then, and its exit code decides. */
  | { type: 'result'; ok: boolean; text: string; evidence: Evidence }
  | { type: 'note'; evidence: Evidence }

/**
 * Tokens of one model call. `key` makes the record unique: the same call read twice is one row, and a later reading
 * replaces the earlier, so that totals that grow may be told as often as they do. `cacheWriteLong`: of `cacheWrite`,
 * what is kept for an hour and priced by itself; absent where the CLI does not tell.
 */
export interface UsageRecord {
  key: string
  at: number
  model: string
  tokens: { input: number; output: number; cacheRead: number; cacheWrite: number; cacheWriteLong?: number }
}
