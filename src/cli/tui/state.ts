import type { AgentRow, BudgetRow, Output as Answer } from '../../api/index.ts'
import type { Language } from '../tree/syntax.ts'
import type { Field } from './field.ts'
import type { Key } from './key.ts'

export type Mail = Answer<'mail'>[number]
export type Approval = Answer<'approval.list'>[number]

export interface Size {
  columns: number
  rows: number
}

export const panes = ['agents', 'screen', 'mail'] as const
export type Pane = (typeof panes)[number]

/** Mail as teamctl's users know it: to and from the agent, what was said on channels, all that is sent. */
export const tabs = ['inbox', 'channel', 'wire'] as const
export type Tab = (typeof tabs)[number]

/** What a whole page is about. */
export type Subject = { of: 'agent'; id: string } | { of: 'log'; id: string } | { of: 'message'; id: string } | { of: 'approval'; id: string }

/** What fills the screen between its first and last lines. A page's lines come with colours, and null while they are fetched. */
export type Place =
  | { name: 'overview' }
  | { name: 'approvals' }
  | { name: 'page'; subject: Subject; lines: string[] | null; top: number; back: 'overview' | 'approvals' }

/** What the keys mean. */
export type Mode =
  | { name: 'browsing' }
  | { name: 'filtering'; field: Field }
  | { name: 'command'; field: Field; offered: string[] }
  | { name: 'picking'; at: number }
  | { name: 'composing'; to: Recipient; field: Field }
  | { name: 'denying'; approval: Approval; field: Field }
  /** `field` holds the passphrase: it is shown as dots, and goes nowhere but into the proof. */
  | { name: 'proving'; n: number; field: Field }
  | { name: 'confirming'; question: Question; top: number }
  | { name: 'help'; top: number }

export type Recipient = { kind: 'agent' | 'channel'; name: string }

/** `exactly` is shown line by line, as it is. */
export interface Question {
  title: string
  exactly: string[]
  yes: Effect
}

/** The connection to the daemon. `since` is ms. */
export type Link = { name: 'opening' } | { name: 'live' } | { name: 'lost'; since: number }

/** What is asked for: parts of the team, and whatever page is open. */
export type Part = 'agents' | 'mail' | 'approvals' | 'usage' | 'channels' | 'inbox' | 'page'

export interface State {
  size: Size
  now: number
  link: Link
  /** Of the team, for the first line. */
  title: string
  language: Language
  /** Null until they are known. */
  agents: AgentRow[] | null
  /** The newest of the whole team. */
  mail: Mail[]
  /** Those of the agent that was chosen when it was asked for: among the newest of all there may be none of its. */
  inbox: { agent: string; rows: Mail[] } | null
  approvals: Approval[]
  channels: string[]
  /** Of today, as shown: by agent, and in all against the limit. */
  usd: Record<string, string>
  spent: Spent | null
  /** The terminal of the agent that is looked at; `text` null where it has none, `why` where it cannot be shown. */
  screen: { agent: string; text: string | null; why: string } | null
  place: Place
  mode: Mode
  pane: Pane
  /** That pane alone is shown. */
  alone: boolean
  tab: Tab
  /** What is chosen, by name: it stays chosen whatever comes and goes around it. */
  chosen: { agent: string | null; mail: string | null; approval: string | null }
  /** Lines above the end of the terminal that is looked at. */
  lifted: number
  filter: { agents: string; mail: string }
  /** Begun and not sent, by recipient. */
  drafts: Record<string, string>
  told: { text: string; bad: boolean } | null
}

export interface Spent {
  text: string
  state: BudgetRow['state']
}

/** What is to be done outside; it comes back as an event. */
export type Effect =
  | { do: 'load'; parts: Part[] }
  | { do: 'page'; subject: Subject }
  | { do: 'send'; to: Recipient; text: string }
  | { do: 'decide'; id: string; n: number; verdict: 'approve' | 'deny'; note: string }
  | { do: 'start' | 'stop' | 'restart' | 'interrupt' | 'attach'; agent: string }
  /** Null: not now. */
  | { do: 'prove'; passphrase: string | null }
  | { do: 'suspend' | 'redraw' }
  | { do: 'quit'; code: number }

export type Event =
  | { on: 'key'; key: Key }
  | { on: 'paste'; text: string }
  | { on: 'size'; size: Size }
  | { on: 'tick'; now: number }
  | { on: 'link'; link: Link }
  | { on: 'news'; parts: Part[] }
  | { on: 'loaded'; agents?: AgentRow[]; mail?: Mail[]; inbox?: { agent: string; rows: Mail[] }; approvals?: Approval[]; channels?: string[]; usd?: Record<string, string>; spent?: Spent | null }
  | { on: 'screen'; agent: string; text: string | null; why: string }
  | { on: 'page'; subject: Subject; lines: string[] }
  | { on: 'challenge'; n: number }
  /** `said` is what the daemon has now. */
  | { on: 'sent'; to: string; said: string; text: string }
  | { on: 'told'; text: string; bad: boolean }

export interface Step {
  state: State
  effects: Effect[]
}

export const allParts: Part[] = ['agents', 'mail', 'approvals', 'usage', 'channels', 'inbox', 'page']

export function initial(size: Size, title: string, language: Language, now: number): State {
  return {
    size,
    now,
    title,
    language,
    link: { name: 'opening' },
    agents: null,
    mail: [],
    inbox: null,
    approvals: [],
    channels: [],
    usd: {},
    spent: null,
    screen: null,
    place: { name: 'overview' },
    mode: { name: 'browsing' },
    pane: 'agents',
    alone: false,
    tab: 'inbox',
    chosen: { agent: null, mail: null, approval: null },
    lifted: 0,
    filter: { agents: '', mail: '' },
    drafts: {},
    told: null,
  }
}

export function stay(state: State, ...effects: Effect[]): Step {
  return { state, effects }
}

export function browse(state: State): State {
  return { ...state, mode: { name: 'browsing' } }
}

export function tell(state: State, text: string, bad = false): State {
  return { ...state, told: { text, bad } }
}

export function ask(state: State, question: Question): State {
  return { ...state, mode: { name: 'confirming', question, top: 0 } }
}

