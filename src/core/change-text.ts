import type { Change, ChangedKey } from './change.ts'

/** A change as operators read it; `why` is one sentence, `keys` say where each stands: `projects/p.yaml:12`. */
export interface ChangeRow {
  agent: string
  action: Change['action']
  why: string
  aclWidened: string[]
  keys: { key: string; at: string | null }[]
  conversation: Change['conversation']
}

/** `at`: where a key stands, null where no file says it. */
export function rowOf({ agent, action, keys, notes, widened, conversation }: Change, at: (key: ChangedKey) => string | null, root: string): ChangeRow {
  const shown = keys.map((key) => ({ key: nameOf(key.key, root), at: at(key) }))
  const named = shown.map((each) => (each.at === null ? each.key : `${each.key} (${each.at})`))
  return { agent, action, why: [named.join(', '), ...notes].filter((part) => part !== '').join('; '), aclWidened: widened, keys: shown, conversation }
}

function nameOf(key: string, root: string): string {
  if (key.startsWith('value:')) return `value of ${key.slice('value:'.length)}`
  if (!key.startsWith('file:')) return key
  const file = key.slice('file:'.length)
  return `content of ${file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file}`
}
