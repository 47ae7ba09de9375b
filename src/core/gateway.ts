/**
 * The port that carries messages and approvals to people, and what they say back.
 *
 * Contract:
 * - `send` resolves once the platform has it, and throws otherwise: nothing counts as sent that was not confirmed.
 *   `throttled` (facts: `retryAfterMs`) and `unavailable` mean later; `unauthorised` and `conflict` mean not
 *   before a person has mended something; any other code means never.
 * - What comes in is confirmed to the platform only by asking for what follows it, so that nothing is lost where the
 *   daemon dies meanwhile; it may come twice, with the same key.
 * - It keeps nothing but its connection: no queue, no timers, no loop. Aborted calls end at once.
 * - No secret stands in what it throws or returns.
 */
export interface Gateway {
  readonly type: string
  readonly carries: Carries
  /** Asks the platform who this is; throws where it cannot be used, with the cure. */
  identify(signal: AbortSignal): Promise<Identity>
  send(outgoing: Sendable, progress: Progress, signal: AbortSignal): Promise<void>
  readonly inbound: Polled | Posted
}

/** What a platform has room for; the rest is left out or said in words. */
export interface Carries {
  files: boolean
  reactions: boolean
  buttons: boolean
  edits: boolean
  /** Largest file, bytes. */
  fileBytes: number
  /** What the platform bears: messages a second in all, and to one chat, with a short burst. */
  perSecond: number
  perChatPerSecond: number
  burst: number
}

export interface Identity {
  /** Stable on the platform, such as a bot's id: positions belong to it. */
  id: string
  /** For people: `@name`. */
  name: string
  /** What a person should know although it works, with its cure. */
  warnings: string[]
}

export interface Sendable {
  /** Our own id, the same each time it is tried. */
  id: string
  chat: string
  /** Without a sound on the person's device. */
  silent: boolean
  content: Content
}

export type Content =
  /** `markdown`: bold, italic, code, fences, links, bullets are shown as such; anything else stands as it is. */
  | { kind: 'text'; text: string; format: 'markdown' | 'plain'; replyTo: string | null; buttons: Button[] }
  | { kind: 'file'; as: 'image' | 'file'; source: FileSource; caption: string; replyTo: string | null }
  | { kind: 'reaction'; message: string; emoji: string }
  /** Takes the buttons away too. */
  | { kind: 'edit'; message: string; text: string }

/** A file of ours, absolute, or one that the platform fetches itself. */
export type FileSource = { path: string; name: string } | { url: string }

export interface Button {
  label: string
  /** Comes back when it is pressed; at most 64 bytes. */
  data: string
}

/**
 * A long text goes out in parts: how many are there already, and what to call after each further one, with the
 * platform's id of it. A reaction and an edit have none.
 */
export interface Progress {
  done: number
  part(message: string): Promise<void>
}

/** The platform is asked for what came in. */
export interface Polled {
  by: 'poll'
  /** Offers the commands where the platform has a menu for them. */
  menu(commands: readonly { name: string; about: string }[], signal: AbortSignal): Promise<void>
  /** Waits for what came after this position, for a while; [] means ask again. Confirms all up to the position. */
  receive(position: number, signal: AbortSignal): Promise<Incoming[]>
  /** Tells the person who pressed a button what came of it. Of no consequence where it is too late. */
  answer(press: string, text: string, alert: boolean, signal: AbortSignal): Promise<void>
  /** At most `limit` bytes; throws `too_large`. */
  download(file: string, limit: number, signal: AbortSignal): Promise<Uint8Array>
}

/** The platform calls the daemon's door. */
export interface Posted {
  by: 'post'
  /** Throws `unauthorised` for what is not signed, too old or from the future. `nonce` is good once. */
  accept(post: Post, now: number): { nonce: string; incoming: Incoming }
}

export interface Post {
  /** By lower-case name. */
  header(name: string): string | null
  body: string
}

/** One thing that a person did. */
export interface Incoming {
  position: number
  /** The same each time it comes. */
  key: string
  chat: { id: string; kind: 'private' | 'group' }
  /** Null where nobody in particular did it, such as a channel's post. */
  user: { id: string; name: string } | null
  did:
    | { kind: 'text'; text: string; message: string; replyTo: string | null; forwarded: boolean }
    | { kind: 'file'; file: IncomingFile; caption: string; message: string; replyTo: string | null; forwarded: boolean }
    | { kind: 'press'; press: string; data: string; message: string | null }
    | { kind: 'verdict'; approval: string; verdict: 'approve' | 'deny'; note: string | null }
    | { kind: 'other'; what: string }
}

export interface IncomingFile {
  /** What `download` takes. */
  ref: string
  /** As the person's device said; hostile. */
  name: string
  /** Null where the platform does not say. */
  bytes: number | null
}
