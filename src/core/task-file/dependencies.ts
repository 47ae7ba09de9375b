import { didYouMean } from '../nearest.ts'
import { error, type Flaw } from './flaw.ts'
import type { Item } from './parse.ts'
import type { Said } from './settings.ts'

/**
 * Which tasks each one waits for: those that it names, those that its parents name, and its own parts, since a task is done when its
 * parts are. Circles are errors.
 */
export function dependenciesOf(items: readonly Item[]): { after: Map<Item, Item[]>; flaws: Flaw[] } {
  const flaws: Flaw[] = []
  const after = new Map<Item, Item[]>()
  for (const item of items) {
    const named = item.settings.after.flatMap((said) => {
      const found = find(items, item, said)
      if (!('key' in found)) flaws.push(found)
      return 'key' in found ? [found] : []
    })
    after.set(item, [...new Set([...named, ...(item.parent === null ? [] : (after.get(item.parent) ?? []))])])
  }
  for (const item of items) if (item.parent !== null) after.set(item.parent, [...(after.get(item.parent) ?? []), item])
  return { after, flaws: [...flaws, ...circles(items, after)] }
}


/** A number is the one that the list shows where the task stands in a numbered list, else the place among the boxes of the file. */
function find(items: readonly Item[], from: Item, said: Said<string>): Item | Flaw {
  if (!/^\d+$/.test(said.value)) {
    const found = items.find(({ settings }) => settings.name?.value === said.value)
    if (found !== undefined) return found
    const names = items.flatMap(({ settings }) => settings.name?.value ?? [])
    return error(said, `there is no task named \`${said.value}\``, names.length === 0 ? 'give the other task a name: (name: …), or write its number' : didYouMean(said.value, names, 'names'))
  }
  const number = Number.parseInt(said.value, 10)
  if (from.number === null) return items[number - 1] ?? error(said, `there is no task ${number}: the file has ${items.length}`, 'troupe run --dry-run shows the numbers')
  const same = items.filter((one) => one.list === from.list && one.number === number)
  if (same[0] === undefined) return error(said, `this list has no task ${number}`, 'for a task of another list, give it a name: (name: …)')
  return same.length === 1 ? same[0] : error(said, `this list has ${same.length} tasks with the number ${number}`, 'number them one by one, or give it a name: (name: …)')
}

function circles(items: readonly Item[], after: ReadonlyMap<Item, Item[]>): Flaw[] {
  const state = new Map<Item, 'open' | 'closed'>()
  const flaws: Flaw[] = []
  const visit = (item: Item, path: readonly Item[]): void => {
    if (state.get(item) === 'closed') return
    if (state.get(item) === 'open') return void flaws.push(circle([...path.slice(path.indexOf(item)), item]))
    state.set(item, 'open')
    for (const next of after.get(item) ?? []) visit(next, [...path, item])
    state.set(item, 'closed')
  }
  for (const item of items) visit(item, [])
  return flaws
}

function circle(path: readonly Item[]): Flaw {
  const said = path.flatMap(({ settings }) => settings.after)[0]
  const [first] = path
  const where = said ?? first ?? { line: 1, column: 1 }
  return error(where, `these tasks wait for each other: ${path.map(({ title, line }) => `"${short(title)}" (line ${line})`).join(' → ')}`, 'a task waits for its parts, and its parts for whatever it names; take one of these out')
}

function short(title: string): string {
  return title.length <= 40 ? title : `${title.slice(0, 39)}…`
}
