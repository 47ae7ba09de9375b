import { ansiC } from './shell-text.ts'

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
  /** Where their redirections go to or come from. */
  targets: Word[]
  /** False where quotes or brackets do not close: then nothing that was found is sure. */
  complete: boolean
}

/** Between commands. Longer ones first. */
const separators = ['&&', '||', ';;', '|&', ';', '|', '&', '\n', '(', ')']
const redirection = /^(?:&>>|&>|<<<|<<-?|>>|>\||>&|<&|<>|<|>)/
/** What may stand before a command without being one. */
const leading = new Set('then do else elif if while until ! { time'.split(' '))
/** Deeper than this, and more than this in all, nobody writes but who wants a reader to choke on it. */
const deepest = 60
const mostRead = 1_000_000

/**
 * Reads a command line as POSIX shells and bash do, as far as its commands are concerned. What a here-document holds
 * is read as commands too: a shell may be given it.
 */
export function parseShell(text: string): Parsed {
  return read(text, 0, { left: Math.max(text.length, mostRead) })
}

function read(text: string, depth: number, budget: Budget): Parsed {
  const reader = new Reader(text, 0, depth, budget, false)
  budget.left -= text.length
  reader.readAll()
  // Before a carriage return a backslash goes on with the line for some, and for others not.
  return { ...reader.parsed, complete: reader.parsed.complete && !text.includes('\\\r\n') }
}

/** Characters that may still be read: what stands in a here-document is read once more by itself. */
interface Budget {
  left: number
}

class Reader {
  readonly parsed: Parsed = { commands: [], targets: [], complete: true }
  at: number
  readonly #text: string
  readonly #depth: number
  readonly #budget: Budget
  /** Begun inside of a bracket, which ends it. */
  readonly #inner: boolean
  #ended = false
  #command: ShellCommand = []
  #word: Word | null = null
  /** Some of the word stood in quotes: it is no word of the grammar. */
  #quoted = false
  /** The next word is where output goes, no argument. */
  #target = false
  /** Brackets and `case`s that are open. */
  readonly #open: ('(' | 'case')[] = []
  /** Here-documents whose text begins with the next line. */
  #documents: { mark: string; tabs: boolean }[] = []

  constructor(text: string, at: number, depth: number, budget: Budget, inner: boolean) {
    this.#text = text
    this.at = at
    this.#depth = depth
    this.#budget = budget
    this.#inner = inner
  }

  /** To the end of the text, or of the bracket that it is in. */
  readAll(): void {
    while (this.at < this.#text.length && !this.#ended) this.#step()
    this.#endCommand()
    if (this.#inner && !this.#ended) this.parsed.complete = false
  }

  #step(): void {
    const rest = this.#text.slice(this.at, this.at + 3)
    const char = rest[0] ?? ''
    if (char === ' ' || char === '\t' || char === '\r') return this.#skip(1, () => this.#endWord())
    if (char === '#' && this.#word === null) return this.#comment()
    if (rest.startsWith('&>')) return this.#redirect()
    const separator = separators.find((each) => rest.startsWith(each))
    if (separator !== undefined) return this.#separate(separator)
    if (char === '<' || char === '>') return this.#text[this.at + 1] === '(' ? this.#process(char) : this.#redirect()
    this.#part(char)
  }

  #separate(sign: string): void {
    this.#endCommand()
    this.at += sign.length
    if (sign === '\n') this.#readDocuments()
    if (sign === '(') this.#open.push('(')
    // That of a pattern closes nothing.
    if (sign !== ')' || this.#open.at(-1) === 'case') return
    if (this.#open.pop() === undefined && this.#inner) this.#ended = true
  }

  #part(char: string): void {
    const word = (this.#word ??= { text: '', plain: true })
    switch (char) {
      case "'":
        return this.#single(word)
      case '"':
        return this.#double(word)
      case '\\':
        return this.#escaped(word)
      case '$':
        return this.#dollar(word, false)
      case '`':
        return this.#backticks(word)
      case '*':
      case '?':
      case '[':
      case '{':
        if (char === '[' && word.text === '' && /^\[\[?[\s]/.test(this.#text.slice(this.at, this.at + 3))) break
        if (char !== '{' || /^\{[^ \n]*[,.]/.test(this.#text.slice(this.at, this.at + 200))) word.plain = false
    }
    word.text += char
    this.at += 1
  }

  #escaped(word: Word): void {
    const next = this.#text[this.at + 1] ?? ''
    this.at += 2
    if (next === '\n') {
      if (word.text === '' && !this.#quoted) this.#word = null
      return
    }
    word.text += next
    this.#quoted = true
  }

  #single(word: Word): void {
    this.#quoted = true
    const end = this.#text.indexOf("'", this.at + 1)
    word.text += this.#text.slice(this.at + 1, end < 0 ? undefined : end)
    this.#to(end)
  }

  #double(word: Word): void {
    this.#quoted = true
    this.at += 1
    for (;;) {
      const char = this.#text[this.at]
      if (char === undefined || char === '"') return this.#to(char === undefined ? -1 : this.at)
      if (char === '$') this.#dollar(word, true)
      else if (char === '`') this.#backticks(word)
      else {
        const next = this.#text[this.at + 1] ?? ''
        const escapes = char === '\\' && '$`"\\\n'.includes(next)
        word.text += escapes ? next.replace('\n', '') : char
        this.at += escapes ? 2 : 1
      }
    }
  }

  /** A variable, arithmetic, a substitution (whose commands count), or a string with escapes of its own. */
  #dollar(word: Word, quoted: boolean): void {
    const next = this.#text[this.at + 1]
    if (next === '(') return this.#substitution(word, '$')
    if (next === '{') return this.#braces(word, quoted)
    if (!quoted && next === "'") {
      const { text, end } = ansiC(this.#text, this.at + 2)
      this.#quoted = true
      word.text += text
      return this.#to(end)
    }
    this.at += 1
    // A string to be translated, which nobody does.
    if (!quoted && next === '"') return
    word.plain = false
    word.text += '$'
  }

  #substitution(word: Word, sign: string): void {
    word.plain = false
    const begin = this.at
    const inner = new Reader(this.#text, this.at + sign.length + 1, this.#depth + 1, this.#budget, true)
    if (this.#depth < deepest) inner.readAll()
    this.#add(inner.parsed)
    this.at = inner.at
    if (this.#depth >= deepest) this.#to(-1)
    word.text += this.#text.slice(begin, this.at)
  }

  /** `<(…)`: a file whose text is a command's. */
  #process(sign: string): void {
    this.#endWord()
    this.#substitution((this.#word = { text: '', plain: false }), sign)
  }

  /** `${…}`: in its words quotes count by themselves. */
  #braces(word: Word, quoted: boolean): void {
    word.plain = false
    const begin = this.at
    const value: Word = { text: '', plain: false }
    this.at += 2
    // Some shells have commands there.
    const commands = /^[\s|]/.test(this.#text.slice(this.at, this.at + 1))
    for (;;) {
      const char = this.#text[this.at]
      if (char === undefined || char === '}') break
      if (char === '"') this.#double(value)
      else if (char === "'" && !quoted) this.#single(value)
      else if (char === '$') this.#deeper(() => this.#dollar(value, quoted))
      else if (char === '`') this.#backticks(value)
      else this.at += char === '\\' ? 2 : 1
    }
    const inner = this.#text.slice(begin + 2, this.at)
    if (commands) this.#within(inner.replace('|', ' '))
    this.#to(this.at < this.#text.length ? this.at : -1)
    word.text += `\${${inner}}`
  }

  #nested = 0

  #deeper(work: () => void): void {
    if (this.#nested + this.#depth >= deepest) return this.#to(-1)
    this.#nested += 1
    work()
    this.#nested -= 1
  }

  #backticks(word: Word): void {
    word.plain = false
    let end = this.at + 1
    while (end < this.#text.length && this.#text[end] !== '`') end += this.#text[end] === '\\' ? 2 : 1
    const inner = this.#text.slice(this.at + 1, end)
    this.#within(inner.replaceAll(/\\([`\\$])/g, '$1'))
    word.text += `\`${inner}\``
    this.#to(end < this.#text.length ? end : -1)
  }

  #within(text: string): void {
    if (this.#depth >= deepest || this.#budget.left < text.length) this.parsed.complete = false
    else this.#add(read(text, this.#depth + 1, this.#budget))
  }

  #add({ commands, targets, complete }: Parsed): void {
    for (const command of commands) this.parsed.commands.push(command)
    for (const target of targets) this.parsed.targets.push(target)
    this.parsed.complete &&= complete
  }

  /** Behind the sign at `end`; -1: there is none. */
  #to(end: number): void {
    if (end < 0) this.parsed.complete = false
    this.at = end < 0 ? this.#text.length : end + 1
  }

  /** What follows on the line says nothing to the shell, nor does a backslash at its end. */
  #comment(): void {
    const end = this.#text.indexOf('\n', this.at)
    this.at = end < 0 ? this.#text.length : end
  }

  #redirect(): void {
    if (this.#word !== null && /^(?:\d+|\{\w+\})$/.test(this.#word.text)) this.#word = null
    this.#endWord()
    const [sign] = redirection.exec(this.#text.slice(this.at, this.at + 3)) ?? ['>']
    this.at += sign.length
    if (sign === '<<' || sign === '<<-') return this.#document(sign === '<<-')
    this.#target = true
  }

  /** The word that ends a here-document, whatever quotes it stands in. */
  #document(tabs: boolean): void {
    const [written = ''] = /^[ \t]*(?:\\[^]|'[^']*'|"[^"]*"|[^\s;&|<>()'"\\])*/.exec(this.#text.slice(this.at)) ?? []
    this.at += written.length
    this.#documents.push({ mark: written.trimStart().replaceAll(/\\([^])|['"]/g, '$1'), tabs })
  }

  #readDocuments(): void {
    for (const { mark, tabs } of this.#documents.splice(0)) {
      const begin = this.at
      let end = -1
      while (end < 0 && this.at < this.#text.length) {
        const next = this.#text.indexOf('\n', this.at)
        const line = this.#text.slice(this.at, next < 0 ? undefined : next)
        if ((tabs ? line.replace(/^\t+/, '') : line) === mark) end = this.at
        this.at = next < 0 ? this.#text.length : next + 1
      }
      this.#within(this.#text.slice(begin, end < 0 ? undefined : end))
    }
  }

  #skip(length: number, then: () => void): void {
    then()
    this.at += length
  }

  #endWord(): void {
    const word = this.#word
    if (word === null) return
    if (this.#target) this.parsed.targets.push(word)
    else {
      if (!this.#quoted) this.#grammar(word.text)
      this.#command.push(word)
    }
    this.#target = false
    this.#quoted = false
    this.#word = null
  }

  #grammar(word: string): void {
    if (word === 'case' && this.#command.every(({ text }) => leading.has(text))) this.#open.push('case')
    else if (word === 'esac' && this.#open.at(-1) === 'case' && (this.#command.length === 0 || this.#command.at(-1)?.text === 'in')) this.#open.pop()
  }

  #endCommand(): void {
    this.#endWord()
    this.#target = false
    if (this.#command.length > 0) this.parsed.commands.push(this.#command)
    this.#command = []
  }
}
