/**
 * What a lane and the daemon say to each other, one JSON object a line. The lane keeps everything that its CLI said and was
 * told, numbered from 1; whoever connects hears it from where it asks on, and then as it comes.
 */
export type LaneEntry = { n: number; at: number } & LaneFact

export type LaneFact =
  /** A line of the CLI's standard output, or of its standard error. */
  | { kind: 'out' | 'err'; text: string }
  /** A line that was written to its standard input. `tag`: whose it was. */
  | { kind: 'in'; text: string; tag: string }
  /** A person at the terminal entered a line, or pressed the key that interrupts. */
  | { kind: 'typed'; text: string }
  | { kind: 'interrupt' }
  /** The lane's own word: what it could not keep or write. */
  | { kind: 'note'; text: string }
  /** The last entry there is. */
  | { kind: 'exit'; code: number | null; signal: string | null }

/** The lane's first line. `first` and `next`: numbers of the oldest entry that is kept, and of the next that there will be. */
export interface LaneHello {
  hello: 1
  first: number
  next: number
  /** What was last marked: all before it is dealt with, and what has to be known of it. */
  mark: { n: number; state: unknown } | null
}

export type LaneCall =
  | { op: 'follow'; from: number }
  /** `fill`: names of variables whose values take the place of `${NAME}` on the way to the CLI; the record keeps the names. */
  | { op: 'write'; text: string; tag: string; fill?: readonly string[] }
  | { op: 'mark'; n: number; state: unknown }
  /** Everything up to this entry was understood. A lane whose CLI has ended waits for that before it goes. */
  | { op: 'seen'; n: number }

/** Longest line either side takes, bytes: a tool result with images in it is a line too. */
export const longestLine = 64 * 1024 * 1024

/** How a lane shows what its CLI says: the form that the CLI speaks. */
export const laneViews = ['stream-json', 'exec-json', 'run-json', 'acp', 'app-server', 'text'] as const
export type LaneView = (typeof laneViews)[number]

export function laneLine(said: LaneHello | LaneEntry | LaneCall): string {
  return `${JSON.stringify(said)}\n`
}
