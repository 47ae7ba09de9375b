import { arrowText, type Arrow } from './arrow.ts'
import { parseTaskFile, type Item } from './parse.ts'

/** What is to stand in the file for one task. */
export interface Mark {
  key: string
  /** What the task was called when it was handed over, for the sentence that it is gone. */
  title: string
  /** Null: the box stays as it is. */
  box: 'ticked' | 'open' | null
  arrow: Arrow
}

export interface Written {
  text: string
  /** Whose lines differ now. */
  changed: Mark[]
  /** Tasks that the file has no more. */
  missing: Mark[]
}

/**
 * Puts ticks and arrows into a text that may have been edited since it was read. A task is found by its key, else by the arrow that was
 * written for it, never by its line. Every other character stays.
 */
export function writeBack(text: string, marks: readonly Mark[]): Written {
  const { items } = parseTaskFile(text)
  const found = match(items, marks)
  const changed: Mark[] = []
  let result = ''
  let from = 0
  for (const item of items) {
    const mark = found.get(item)
    if (mark === undefined) continue
    const box = mark.box === null || item.done === (mark.box === 'ticked') ? text.charAt(item.box) : mark.box === 'ticked' ? 'x' : ' '
    const tail = sameArrow(item.arrow, mark.arrow) ? text.slice(item.tail.start, item.tail.end) : ` ${arrowText(mark.arrow)}`
    const line = text.slice(item.box + 1, item.tail.start)
    if (box !== text.charAt(item.box) || tail !== text.slice(item.tail.start, item.tail.end)) changed.push(mark)
    result += text.slice(from, item.box) + box + line + tail
    from = item.tail.end
  }
  const placed = new Set(found.values())
  return { text: result + text.slice(from), changed, missing: marks.filter((mark) => !placed.has(mark)) }
}

/** The file's tasks and who they are by now, one to one. */
export function match<T extends { key: string; arrow: Arrow | null }, M extends { key: string; arrow: Arrow }>(items: readonly T[], marks: readonly M[]): Map<T, M> {
  const byKey = new Map(marks.map((mark) => [mark.key, mark]))
  const found = new Map<T, M>()
  for (const item of items) {
    const mark = byKey.get(item.key)
    if (mark !== undefined) found.set(item, mark)
  }
  const placed = new Set(found.values())
  for (const mark of marks) {
    if (placed.has(mark)) continue
    const same = items.filter((item) => !found.has(item) && item.arrow?.worker === mark.arrow.worker)
    if (same.length === 1 && same[0] !== undefined) found.set(same[0], mark)
  }
  return found
}

function sameArrow(old: Item['arrow'], now: Arrow): boolean {
  return old !== null && old.worker === now.worker && old.status === now.status && old.elapsed === now.elapsed
}
