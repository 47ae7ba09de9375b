/** Raised when an older troupe would misread what a newer one wrote. */
export const backupFormat = 1
export const manifestName = 'manifest.json'
/** The database's copy, wherever the team keeps it. */
export const databaseName = 'mailbox.db'

/** In a root: a restore that is certain, and not in its place yet. Nobody works on such a root. */
export const restoringName = '.restoring'

/** Folders of a root that hold what its files name. */
const folders: ReadonlySet<string> = new Set(['projects', 'roles', 'runtimes', 'skills', 'subagents', 'scenarios', 'hooks'])
const state = /^state\/(?:applied\.json|attachments\/[0-9a-f]{64}|agents\/[^/]+\/(?:context\.md|mission\.txt))$/

/** Whether a file of a root, by its path there, belongs into a backup. Never tokens, sockets or logs; `.env` only if asked for. */
export function isInBackup(path: string, withEnv: boolean): boolean {
  const [first = '', ...rest] = path.split('/')
  if (first === 'state') return state.test(path)
  if (rest.length > 0) return folders.has(first) && !rest.some((part) => part === '.env' || part === 'node_modules' || part === '.git')
  return path === '.env' ? withEnv : /^(?:\.gitignore|[^.].*\.(?:ya?ml|md|txt|json))$/.test(path)
}

/** Whether a folder of a root may hold such files: agents may work below the root, and their work is no part of it. */
export function mayHold(path: string): boolean {
  const [first = '', second, ...rest] = path.split('/')
  if (first === 'state') return second === undefined || (second === 'agents' && rest.length <= 1) || (second === 'attachments' && rest.length === 0)
  return folders.has(first) && !path.split('/').some((part) => part === 'node_modules' || part === '.git')
}

/** Whether a file, by its path in the root, that lies elsewhere there belongs into a backup because the team's files name it. Never secrets. */
export function isTakenAlong(path: string): boolean {
  const parts = path.split('/')
  return parts[0] !== 'state' && !parts.some((part) => part.startsWith('.env') || part === 'node_modules' || part === '.git')
}
