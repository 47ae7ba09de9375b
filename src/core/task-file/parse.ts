import { createHash } from 'node:crypto'
import { arrowAtEnd, type Arrow } from './arrow.ts'
import { blocksOf, type Block } from './blocks.ts'
import { error, inOrder, warning, type Flaw } from './flaw.ts'
import { dedent, indentOf, placeIn, type Line, type Place } from './lines.ts'
import { nothingSaid, settingsAtEnd, type Settings } from './settings.ts'

/** One box of a task file, as it stands there. Offsets are UTF-16 units of the text. */
export interface Item extends Place {
  /** Its place among the boxes of the file, from 1. */
  n: number
  /** What a numbered list shows for it. */
  number: number | null
  /** Which items are one list: those of one number stand side by side. */
  list: number
  /** Stays the same while its settings, its arrow, its body and everything around it change. */
  key: string
  done: boolean
  title: string
  /** The lines below the first one that belong to it, without its parts. */
  body: string
  /** The box that it stands below. */
  parent: Item | null
  heading: Heading | null
  settings: Settings
  arrow: Arrow | null
  /** Of the mark inside its box. */
  box: number
  /** Where the arrow stands, or would: from after the last character before it, to the end of the line without blanks. */
  tail: { start: number; end: number }
}

/** A heading of the second level; whether it names a folder is decided where folders can be seen. */
export interface Heading extends Place {
  title: string
}

export interface TaskFile {
  items: Item[]
  flaws: Flaw[]
}

interface Open {
  indent: number
  list: number
  item: Item | null
  body: string[]
}

/** Reads a task file. What it says is taken as it is: folders, runtimes and dependencies are looked at in `resolve`. */
export function parseTaskFile(text: string): TaskFile {
  const { blocks, flaws } = blocksOf(text)
  const parsing = new Parsing()
  for (const block of blocks) parsing.take(block)
  parsing.end()
  return { items: parsing.items, flaws: inOrder([...flaws, ...parsing.flaws]) }
}

class Parsing {
  readonly items: Item[] = []
  readonly flaws: Flaw[] = []
  /** Items of lists that are open, with and without a box, outermost first. */
  #open: Open[] = []
  #heading: Heading | null = null
  #lists = 0
  /** A line at the margin ended the list before. */
  #apart = true
  readonly #alike = new Map<string, number>()

  take(block: Block): void {
    switch (block.kind) {
      case 'blank':
        return this.#append('')
      case 'comment':
        return
      case 'heading':
        return this.#section(block)
      case 'item':
        return this.#item(block)
      default:
        return this.#continue(block.line, block.indent)
    }
  }

  end(): void {
    this.#close(-1)
  }

  #section({ line, level, title, start }: Block & { kind: 'heading' }): void {
    this.#close(-1)
    this.#apart = true
    if (level === 2) this.#heading = { title, ...placeIn(line, start) }
    else if (level === 1) this.#heading = null
  }

  #item(block: Block & { kind: 'item' }): void {
    const before = this.#open.find(({ indent }) => indent === block.indent)
    this.#close(block.indent)
    const list = before !== undefined && !this.#apart ? before.list : ++this.#lists
    this.#apart = false
    const parent = this.#open.findLast(({ item }) => item !== null)?.item ?? null
    const item = this.#box(block, parent, list)
    if (item === null && parent !== null) this.#append(block.line.text)
    this.#open.push({ indent: block.indent, list, item, body: [] })
    if (item !== null) this.items.push(item)
  }

  /** Text and code: of the item that they are indented below, else of none. */
  #continue(line: Line, indent: number): void {
    if (line.text.trim() !== '') this.#close(indent)
    if (this.#open.length === 0) this.#apart = true
    else this.#append(line.text)
  }

  #append(text: string): void {
    this.#open.findLast(({ item }) => item !== null)?.body.push(text)
  }

  /** Everything that a line with this indentation does not belong to. */
  #close(indent: number): void {
    while (this.#open.length > 0 && (this.#open.at(-1)?.indent ?? -1) >= indent) {
      const last = this.#open.pop()
      if (last?.item != null) last.item.body = trimmed(last.body)
    }
  }

  #box({ line, rest, start, number }: Block & { kind: 'item' }, parent: Item | null, list: number): Item | null {
    const here = placeIn(line, start)
    const found = /^\[([ xX])\](?:[ \t]+|$)/.exec(rest)
    if (found === null) {
      this.flaws.push(...nearMiss(rest, here))
      return null
    }
    const [box, mark] = found
    const ends = this.#ends(rest.slice(box.length).trimEnd(), line, start + box.length)
    if (ends.title === '') this.flaws.push(error(here, 'a task without text', 'say what is to be done, or take the box out'))
    const { settings } = ends
    return { ...here, n: this.items.length + 1, number, list, done: mark !== ' ', box: start + 1, parent, heading: this.#heading, body: '', ...ends, key: this.#key(parent, settings.name?.value ?? null, ends.title) }
  }

  /** Takes the line apart from its end: arrow, settings, text. */
  #ends(text: string, line: Line, start: number): Pick<Item, 'title' | 'settings' | 'arrow' | 'tail'> {
    const end = start + text.length
    const arrow = arrowAtEnd(text)
    const before = (arrow === null ? text : text.slice(0, arrow.at)).trimEnd()
    const bracket = settingsAtEnd(before, (at) => placeIn(line, start + at))
    this.flaws.push(...(bracket?.flaws ?? []))
    const title = (bracket === null ? before : before.slice(0, bracket.at)).trim()
    return { title, settings: bracket?.settings ?? nothingSaid, arrow: arrow?.arrow ?? null, tail: { start: start + before.length, end } }
  }

  #key(parent: Item | null, name: string | null, title: string): string {
    const base = JSON.stringify(name === null ? ['text', parent?.key ?? null, title.replace(/\s+/g, ' ')] : ['name', name])
    const nth = (this.#alike.get(base) ?? 0) + 1
    this.#alike.set(base, nth)
    return createHash('sha256').update(`${base} ${nth}`).digest('hex').slice(0, 20)
  }
}

/** Without the indentation that all lines have, and without blank lines around them. */
function trimmed(lines: readonly string[]): string {
  const least = lines.reduce((found, line) => (line.trim() === '' ? found : Math.min(found, indentOf(line))), Infinity)
  return lines.map((line) => dedent(line, least)).join('\n').replace(/^\n+/, '').trimEnd()
}

/** What was meant as a box, most likely. */
function nearMiss(rest: string, here: Place): Flaw[] {
  if (/^\[\](?:[ \t]|$)/.test(rest)) return [error(here, 'a box without anything in it is no box', 'write [ ] with a blank')]
  if (/^\[[xX]\][^\s([:]/.test(rest) || /^\[ \][^\s([:]/.test(rest)) return [error(here, 'the text follows the box at once', 'put a blank between them')]
  if (/^\[[^\]\s\w]\][ \t]/.test(rest)) return [warning(here, `a box with \`${rest.charAt(1)}\` is neither open nor ticked, and no task`, 'write [ ] or [x]')]
  return []
}
