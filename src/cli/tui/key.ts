/** One key: its name (`j`, `J`, `up`, `enter`, `ctrl-c`, `shift-tab`) and the text that it types, '' for none. */
export interface Key {
  name: string
  text: string
}

/** What Node's `keypress` event tells. */
export interface Pressed {
  name?: string | undefined
  ctrl?: boolean
  meta?: boolean
  shift?: boolean
  sequence?: string
}

const names: Record<string, string> = { return: 'enter', enter: 'ctrl-j' }

/** Null for a sequence that no terminal of today sends for a key. */
export function keyOf(text: string | undefined, pressed: Pressed): Key | null {
  const { name, ctrl = false, meta = false, shift = false } = pressed
  const typed = text !== undefined && !ctrl && !meta && /^[^\u0000-\u001f\u007f-\u009f]+$/u.test(text) ? text : ''
  if (typed !== '') return { name: typed === ' ' ? 'space' : typed, text: typed }
  if (name === undefined || name === '') return null
  const known = names[name] ?? name
  // Escape pressed twice, or before another key: some terminals send Alt so, and it is Escape all the same.
  if (known === 'escape') return { name: 'escape', text: '' }
  return { name: `${ctrl ? 'ctrl-' : ''}${meta ? 'alt-' : ''}${shift ? 'shift-' : ''}${known}`, text: '' }
}
