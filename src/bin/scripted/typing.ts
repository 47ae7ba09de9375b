/** What a person, or the supervisor for one, does at the terminal. */
export type Typed = { key: 'line'; text: string } | { key: 'interrupt' } | { key: 'end' } | { key: 'echo'; text: string } | { key: 'escape' }

const pasteBegin = '\x1b[200~'
const pasteEnd = '\x1b[201~'
// eslint-disable-next-line no-control-regex
const sequence = /^\x1b(\[[0-9;?]*[A-Za-z~]|O[A-Za-z])/

/**
 * Reads a terminal in raw mode: lines, bracketed pastes of any length, C-c, C-d, C-u, backspace.
 * A paste followed at once by Enter is a line of its own, and a draft that stood there stays.
 */
export class TypingReader {
  #pending = ''
  #draft = ''
  #paste: string | null = null
  #pasting = false

  push(chunk: string): Typed[] {
    this.#pending += chunk
    const typed: Typed[] = []
    while (this.#pending !== '') {
      const before = this.#pending
      typed.push(...(this.#pasting ? this.#takePaste() : this.#takeKey()))
      if (this.#pending === before) break // the rest of a sequence is still to come
    }
    return typed
  }

  /** What stands there and was not sent. */
  get draft(): string {
    return this.#draft + (this.#paste ?? '')
  }

  /** Nothing came for a moment: what could have begun a sequence was the Escape key by itself. */
  settle(): Typed[] {
    if (this.#pending !== '\x1b') return []
    this.#pending = ''
    return [{ key: 'escape' }]
  }

  #takePaste(): Typed[] {
    const end = this.#pending.indexOf(pasteEnd)
    const taken = end === -1 ? this.#pending.slice(0, safeLength(this.#pending)) : this.#pending.slice(0, end)
    this.#paste = (this.#paste ?? '') + taken
    this.#pending = this.#pending.slice(taken.length + (end === -1 ? 0 : pasteEnd.length))
    this.#pasting = end === -1
    return end === -1 ? [] : [{ key: 'echo', text: this.#paste }]
  }

  #takeKey(): Typed[] {
    if (this.#pending.startsWith(pasteBegin)) {
      this.#mergePaste()
      this.#pasting = true
      this.#pending = this.#pending.slice(pasteBegin.length)
      return []
    }
    if (this.#pending.startsWith('\x1b')) return this.#skipSequence()
    const [key = ''] = this.#pending
    this.#pending = this.#pending.slice(key.length)
    return this.#press(key)
  }

  #press(key: string): Typed[] {
    if (key === '\r' || key === '\n') return [this.#submit()]
    this.#mergePaste()
    switch (key) {
      case '\x03':
        this.#draft = ''
        return [{ key: 'interrupt' }]
      case '\x04':
        return this.#draft === '' ? [{ key: 'end' }] : []
      case '\x15':
        this.#draft = ''
        return []
      case '\x7f':
        this.#draft = [...this.#draft].slice(0, -1).join('')
        return []
      default:
        this.#draft += key
        return [{ key: 'echo', text: key }]
    }
  }

  #submit(): Typed {
    const text = this.#paste ?? this.#draft
    if (this.#paste === null) this.#draft = ''
    this.#paste = null
    return { key: 'line', text: text.replace(/\r\n?/g, '\n') }
  }

  /** A paste that was not sent at once is part of the draft. */
  #mergePaste(): void {
    this.#draft += this.#paste ?? ''
    this.#paste = null
  }

  #skipSequence(): Typed[] {
    const found = sequence.exec(this.#pending)
    // What begins like a sequence may be cut by the chunk; anything else is a lone Escape.
    if (found === null && /^\x1b(\[[0-9;?]*|O)?$/.test(this.#pending)) return []
    this.#pending = this.#pending.slice(found === null ? 1 : found[0].length)
    return []
  }
}

/** How much of a text cannot be the beginning of the end mark. */
function safeLength(text: string): number {
  for (let length = Math.min(pasteEnd.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(pasteEnd.slice(0, length))) return text.length - length
  }
  return text.length
}
