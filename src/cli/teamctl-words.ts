/** Commands that people know from teamctl and that have no namesake here: what there is in place of each. */
const instead: Readonly<Record<string, string>> = {
  update: 'npm installs releases, and troupe daemon restart puts the new one in place',
  whatsnew: 'CHANGELOG.md comes with each release',
  adjust: 'edit the files; troupe plan shows what comes of it, troupe reload applies it',
  sessions: 'troupe list shows teams, and troupe -T NAME down ends one',
  caffeinate: 'ask the system: systemd-inhibit, or caffeinate of macOS',
  'rl-watch': 'nothing is needed in its place: limits are read from the agent CLIs themselves',
  'rl-hit': 'nothing is needed in its place: limits are read from the agent CLIs themselves',
  'budget-record': 'nothing is needed in its place: cost is read from the agent CLIs themselves',
}

/** What to do instead of one of them; undefined for any other word. */
export function insteadOf(word: string): string | undefined {
  return Object.hasOwn(instead, word) ? instead[word] : undefined
}

/**
 * Whether these words are such a command, as people, scripts and hooks of teamctl's type it, and no wish to an agent, which would
 * cost money and be carried out: `update`, `sessions kill shop`, but not `update the docs`.
 */
export function isTeamctl([first = '', second]: readonly string[]): boolean {
  if (insteadOf(first) === undefined) return false
  return first.includes('-') || second === undefined || second.startsWith('-') || (first === 'sessions' && second === 'kill') || (first === 'whatsnew' && /^v?\d/.test(second))
}
