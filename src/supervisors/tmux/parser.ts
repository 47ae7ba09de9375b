/** The answer to one command: everything it printed. */
export interface Reply {
  ok: boolean
  lines: string[]
}

export interface ControlListener {
  /** A block that answers one of our commands, in the order of the commands. */
  onReply(reply: Reply): void
  /** A block that is not ours (flag 0): the attach itself, hooks of the user's. */
  onForeign(reply: Reply): void
  /** A line outside of blocks, such as `%sessions-changed`. */
  onNotice(line: string): void
  /**
   * Asked at the begin of each of our blocks: a secret word if the output to come is somebody else's text
   * (a screen). Such a block ends only where the next block holds exactly that word, since the text itself may
   * look like the end of a block and like other answers after it. null: the output is our own formats.
   */
  seal(): string | null
}

type State =
  | { name: 'outside' }
  | { name: 'inside'; guard: string; ours: boolean; seal: string | null; lines: string[]; end: { at: number; ok: boolean } | null }
  | { name: 'sealing'; guard: string; reply: Reply; notices: string[] }

const begin = /^%begin (\d+ \d+ (\d+))$/
const close = /^%(end|error) (\d+ \d+ \d+)$/

/** Reads what a tmux control client prints (`tmux -C`, see CONTROL MODE in tmux(1)), in chunks of any size. */
export class ControlParser {
  readonly #listener: ControlListener
  #rest = ''
  #state: State = { name: 'outside' }

  constructor(listener: ControlListener) {
    this.#listener = listener
  }

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    switch (this.#state.name) {
      case 'outside':
        return this.#outside(line)
      case 'inside':
        return this.#inside(line, this.#state)
      case 'sealing':
        return this.#sealing(line, this.#state)
    }
  }

  #outside(line: string): void {
    const [, guard, flags] = begin.exec(line) ?? []
    if (guard === undefined) return this.#listener.onNotice(line)
    const ours = flags !== '0'
    this.#state = { name: 'inside', guard, ours, seal: ours ? this.#listener.seal() : null, lines: [], end: null }
  }

  #inside(line: string, state: State & { name: 'inside' }): void {
    const [, kind, guard] = close.exec(line) ?? []
    if (guard === state.guard) {
      const ok = kind === 'end'
      if (state.seal === null) return this.#finish({ ok, lines: state.lines }, state.ours)
      state.end = { at: state.lines.length, ok }
    }
    if (state.seal !== null && line === state.seal && state.end !== null) {
      const [, sealGuard] = begin.exec(state.lines.at(-1) ?? '') ?? []
      if (sealGuard !== undefined) return this.#seal(state, state.end, sealGuard)
    }
    state.lines.push(line)
  }

  #seal(state: State & { name: 'inside' }, end: { at: number; ok: boolean }, guard: string): void {
    const reply = { ok: end.ok, lines: state.lines.slice(0, end.at) }
    this.#state = { name: 'sealing', guard, reply, notices: state.lines.slice(end.at + 1, -1) }
  }

  #sealing(line: string, state: State & { name: 'sealing' }): void {
    const [, , guard] = close.exec(line) ?? []
    if (guard !== state.guard) return
    for (const notice of state.notices) this.#listener.onNotice(notice)
    this.#finish(state.reply, true)
  }

  #finish(reply: Reply, ours: boolean): void {
    this.#state = { name: 'outside' }
    if (ours) this.#listener.onReply(reply)
    else this.#listener.onForeign(reply)
  }
}
