import type { Shown } from './shown.ts'

/** Text that comes in pieces, shown a line at a time, and what is left of it when something else comes. */
export class Chunks {
  #rest = ''
  #begun = false

  add(text: string): Shown[] {
    const all = this.#rest + text
    const end = all.lastIndexOf('\n')
    this.#rest = all.slice(end + 1)
    return end < 0 ? [] : [this.#line(all.slice(0, end))]
  }

  end(): Shown[] {
    const rest = this.#rest
    const shown = rest.trim() === '' ? [] : [this.#line(rest)]
    this.#rest = ''
    this.#begun = false
    return shown
  }

  #line(text: string): Shown {
    const first = !this.#begun
    this.#begun = true
    return { who: first ? 'agent' : 'more', text }
  }
}
