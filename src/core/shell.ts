/** One word of a command line. `plain` is false where the shell would put something in that is not known here. */
export interface Word {
  text: string
  plain: boolean
}

/** The words of one simple command, without redirections and with its assignments in front. */
export type ShellCommand = Word[]

export interface Parsed {
  /** All simple commands, also those inside substitutions, groups and compound commands, in order. */
  commands: ShellCommand[]
  /** False where quotes or brackets do not close: then nothing that was found is sure. */
  complete: boolean
}

/** Between commands. Longer ones first. */
const separators = ['&&', '||', ';;', '|&', ';', '|', '&', '\n', '(', ')']
const redirection = /^(?:&>>|&>|<<<|<<-?|>>|>\||>&|<&|<>|>|<)/

/**
 * Reads a command line as POSIX shells and bash do, as far as its commands are concerned. What a here-document holds
 * is read as commands too: a shell may be given it.
 */
export function parseShell(text: string): Parsed {
  const reader = new Reader(text)
  reader.readAll()
  return { commands: reader.commands, complete: reader.complete }
}

class Reader {
  readonly commands: ShellCommand[] = []
  complete = true
  readonly #text: string
  #at = 0
  #command: ShellCommand = []
  #word: Word | null = null
  /** The next word is where output goes, no argument. */
  #target = false

  constructor(text: string) {
    this.#text = text.replace(/\\\r?\n/g, '').replaceAll('\r\n', '\n')
  }

  readAll(): void {
    while (this.#at < this.#text.length) this.#step()
    this.#endCommand()
  }

  #step(): void {
    const rest = this.#text.slice(this.#at, this.#at + 3)
    const char = rest[0] ?? ''
    if (char === ' ' || char === '\t') return this.#skip(1, () => this.#endWord())
    if (char === '#' && this.#word === null) return this.#comment()
    if (rest.startsWith('&>')) return this.#redirect()
    const separator = separators.find((each) => rest.startsWith(each))
    if (separator !== undefined) return this.#skip(separator.length, () => this.#endCommand())
    if (char === '<' || char === '>') return this.#text[this.#at + 1] === '(' ? this.#skip(1, () => this.#endWord()) : this.#redirect()
    this.#part(char)
  }

  #part(char: string): void {
    const word = (this.#word ??= { text: '', plain: true })
    switch (char) {
      case "'":
        return this.#single(word)
      case '"':
        return this.#double(word)
      case '\\':
        word.text += this.#text[this.#at + 1] ?? ''
        this.#at += 2
        return
      case '$':
        return this.#dollar(word)
      case '`':
        return this.#backticks(word)
      case '*':
      case '?':
      case '[':
      case '{':
        if (char === '[' && word.text === '' && /^\[\[?[\s]/.test(this.#text.slice(this.#at, this.#at + 3))) break
        if (char !== '{' || /^\{[^ \n]*[,.]/.test(this.#text.slice(this.#at, this.#at + 200))) word.plain = false
    }
    word.text += char
    this.#at += 1
  }

  #single(word: Word): void {
    const end = this.#text.indexOf("'", this.#at + 1)
    word.text += this.#text.slice(this.#at + 1, end < 0 ? undefined : end)
    if (end < 0) this.complete = false
    this.#at = end < 0 ? this.#text.length : end + 1
  }

  #double(word: Word): void {
    this.#at += 1
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) {
        this.complete = false
        return
      }
      if (char === '"') {
        this.#at += 1
        return
      }
      if (char === '$') this.#dollar(word)
      else if (char === '`') this.#backticks(word)
      else {
        const next = this.#text[this.#at + 1] ?? ''
        const escapes = char === '\\' && '$`"\\'.includes(next)
        word.text += escapes ? next : char
        this.#at += escapes ? 2 : 1
      }
    }
  }

  /** A variable, arithmetic, a substitution (whose commands count), or an ANSI-C string (whose escapes are not read). */
  #dollar(word: Word): void {
    word.plain = false
    if (this.#text[this.#at + 1] !== '(') {
      word.text += '$'
      this.#at += 1
      return
    }
    const end = closing(this.#text, this.#at + 1)
    const inner = this.#text.slice(this.#at + 2, end < 0 ? undefined : end)
    this.#within(inner)
    if (end < 0) this.complete = false
    word.text += `$(${inner})`
    this.#at = end < 0 ? this.#text.length : end + 1
  }

  #backticks(word: Word): void {
    word.plain = false
    const end = this.#text.indexOf('`', this.#at + 1)
    const inner = this.#text.slice(this.#at + 1, end < 0 ? undefined : end)
    this.#within(inner)
    if (end < 0) this.complete = false
    word.text += `\`${inner}\``
    this.#at = end < 0 ? this.#text.length : end + 1
  }

  #within(text: string): void {
    const inner = parseShell(text)
    this.commands.push(...inner.commands)
    this.complete &&= inner.complete
  }

  /** What follows on the line says nothing to the shell. */
  #comment(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  #redirect(): void {
    if (this.#word !== null && /^\d+$/.test(this.#word.text)) this.#word = null
    this.#endWord()
    const [sign] = redirection.exec(this.#text.slice(this.#at, this.#at + 3)) ?? ['>']
    this.#target = true
    this.#at += sign.length
  }

  #skip(length: number, then: () => void): void {
    then()
    this.#at += length
  }

  #endWord(): void {
    if (this.#word === null) return
    if (!this.#target) this.#command.push(this.#word)
    this.#target = false
    this.#word = null
  }

  #endCommand(): void {
    this.#endWord()
    this.#target = false
    if (this.#command.length > 0) this.commands.push(this.#command)
    this.#command = []
  }
}

/** Where the bracket at `open` closes, quotes and inner brackets left out; -1 if nowhere. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    const char = text[at]
    if (char === '\\') at += 1
    else if (char === "'" || char === '"') {
      const end = endOfQuote(text, at, char)
      if (end < 0) return -1
      at = end
    } else if (char === '(') depth += 1
    else if (char === ')' && (depth -= 1) === 0) return at
  }
  return -1
}

function endOfQuote(text: string, at: number, quote: string): number {
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === '\\' && quote === '"') i += 1
    else if (text[i] === quote) return i
  }
  return -1
}
