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
    const wanted = mark.box ?? (isOwnTick(item, mark) ? 'open' : null)
    const box = wanted === null || item.done === (wanted === 'ticked') ? text.charAt(item.box) : wanted === 'ticked' ? 'x' : ' '
    const tail = sameArrow(item.arrow, mark.arrow) ? text.slice(item.tail.start, item.tail.end) : ` ${arrowText(mark.arrow)}`
    const line = text.slice(item.box + 1, item.tail.start)
    if (box !== text.charAt(item.box) || tail !== text.slice(item.tail.start, item.tail.end)) changed.push(mark)
    result += text.slice(from, item.box) + box + line + tail
    from = item.tail.end
  }
  const placed = new Set(found.values())
  return { text: result + text.slice(from), changed, missing: marks.filter((mark) => !placed.has(mark)) }
}

/** What was done, and is not any more: the tick beside that word was no person's. */
function isOwnTick({ done, arrow }: Item, mark: Mark): boolean {
  return done && arrow?.status === 'done' && arrow.worker === mark.arrow.worker && mark.arrow.status !== 'done'
}

/**
 * The file's tasks and who they are by now, one to one. Of tasks with the same words the order alone tells which is which, and it
 * changes where one is taken out: there the arrow goes before it.
 */
export function match<T extends { key: string; arrow: Arrow | null }, M extends { key: string; arrow: Arrow }>(items: readonly T[], marks: readonly M[]): Map<T, M> {
  const byKey = new Map(marks.map((mark) => [mark.key, mark]))
  const found = new Map<T, M>()
  const byWords = (fits: (item: T, mark: M) => boolean): void => {
    const placed = new Set(found.values())
    for (const item of items) {
      const mark = byKey.get(item.key)
      if (mark !== undefined && !found.has(item) && !placed.has(mark) && fits(item, mark)) found.set(item, mark)
    }
  }
  byWords(({ arrow }, mark) => arrow === null || arrow.worker === mark.arrow.worker)
  byArrow(items, marks, found)
  byWords(() => true)
  return found
}

function byArrow<T extends { arrow: Arrow | null }, M extends { arrow: Arrow }>(items: readonly T[], marks: readonly M[], found: Map<T, M>): void {
  const placed = new Set(found.values())
  for (const mark of marks) {
    if (placed.has(mark)) continue
    const same = items.filter((item) => !found.has(item) && item.arrow?.worker === mark.arrow.worker)
    if (same.length === 1 && same[0] !== undefined) found.set(same[0], mark)
  }
}

function sameArrow(old: Item['arrow'], now: Arrow): boolean {
  return old !== null && old.worker === now.worker && old.status === now.status && old.elapsed === now.elapsed
}
