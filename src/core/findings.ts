/** What a call may be. */
export interface Findings {
  /** Names of actions that it is. */
  sure: Set<string>
  /** Names of actions that it mentions in something that cannot be read for certain. */
  doubtful: Set<string>
  /** Scripts that it runs: what they hold counts too. */
  scripts: Script[]
  /** False where it runs something that cannot be told from its words. */
  readable: boolean
}

/** `path` as it was written. `entry`: of a file with several scripts, the one that is run. */
export interface Script {
  path: string
  kind: 'script' | 'npm' | 'make'
  entry: string | null
  /** Of another language than a shell's. */
  code?: true
  /** There may be none: something else is run then. */
  maybe?: true
  /** Where the line may be when it runs it, below where it begins; null: somewhere else. */
  folders?: (string | null)[]
}

export function nothing(): Findings {
  return { sure: new Set(), doubtful: new Set(), scripts: [], readable: true }
}

export function merged(all: readonly Findings[]): Findings {
  const into = nothing()
  for (const each of all) addTo(into, each)
  return into
}

export function addTo(into: Findings, each: Findings): void {
  for (const action of each.sure) into.sure.add(action)
  for (const action of each.doubtful) into.doubtful.add(action)
  for (const script of each.scripts) into.scripts.push(script)
  into.readable &&= each.readable
}
