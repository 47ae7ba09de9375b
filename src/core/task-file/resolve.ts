import { dependenciesOf } from './dependencies.ts'
import { error, inOrder, type Flaw } from './flaw.ts'
import type { Place } from './lines.ts'
import type { Heading, Item, TaskFile } from './parse.ts'
import type { Said } from './settings.ts'

/** What can be seen from where the file lies. */
export interface Ground {
  /** The absolute path of a folder, by how it is written; null where there is none. */
  folder(written: string): string | null
  /** The runtime that a word means; null where there is none. */
  runtime(written: string): string | null
  /** Words for runtimes, as people write them. */
  runtimes: readonly string[]
  modes(runtime: string): readonly string[]
  /** What to write instead, where this is no model of the runtime's; null where it may be one. */
  wrongModel(runtime: string, model: string): string | null
}

/** One task of the file, with everything that its headings and the tasks above it say. */
export interface FileTask extends Place {
  key: string
  n: number
  title: string
  /** What the worker is told. */
  text: string
  done: boolean
  name: string | null
  /** Who works on it, as the file says. */
  worker: string | null
  runtime: string | null
  model: string | null
  mode: 'terminal' | 'protocol' | 'oneshot' | null
  effort: string | null
  dir: string | null
  worktree: boolean | null
  /** Keys of tasks that must be done before. */
  after: string[]
}

type Inherited = Pick<FileTask, 'runtime' | 'model' | 'mode' | 'effort' | 'dir' | 'worktree'>

/** Every flaw of the file; with an error among them nothing of it may start. */
export function resolveTaskFile({ items, flaws: before }: TaskFile, ground: Ground): { tasks: FileTask[]; flaws: Flaw[] } {
  const { after, flaws: dependencies } = dependenciesOf(items)
  const flaws = [...before, ...dependencies, ...sameNames(items)]
  const folders = new Folders(ground, flaws)
  const said = new Map<Item, Inherited>()
  const tasks = items.map((item) => {
    const { settings, parent } = item
    const above = parent === null ? undefined : said.get(parent)
    const runtime = runtimeOf(settings.runtime, ground, flaws)
    const own: Inherited = {
      runtime: runtime ?? above?.runtime ?? null,
      // A model belongs to its runtime.
      model: settings.model?.value ?? (runtime === null || runtime === above?.runtime ? (above?.model ?? null) : null),
      mode: settings.mode?.value ?? above?.mode ?? null,
      effort: settings.effort?.value ?? above?.effort ?? null,
      dir: folders.said(settings.dir) ?? above?.dir ?? folders.ofHeading(item.heading),
      worktree: settings.worktree?.value ?? above?.worktree ?? null,
    }
    said.set(item, own)
    flaws.push(...misfits(item, own.runtime, ground))
    const { key, n, line, column, title, done } = item
    const name = settings.name?.value ?? null
    return { key, n, line, column, title, text: textOf(item), done, name, worker: item.arrow?.worker ?? null, ...own, after: (after.get(item) ?? []).map((one) => one.key) }
  })
  return { tasks, flaws: inOrder(flaws) }
}

/** Its lines, and for a part what it is a part of: without that it often says too little. */
function textOf({ title, body, parent }: Item): string {
  const above: string[] = []
  for (let one = parent; one !== null; one = one.parent) above.unshift(one.title)
  return [title, ...(body === '' ? [] : [body]), ...(above.length === 0 ? [] : [`\nThis is a part of: ${above.join(' › ')}`])].join('\n')
}

function runtimeOf(said: Said<string> | null, ground: Ground, flaws: Flaw[]): string | null {
  if (said === null) return null
  const found = ground.runtime(said.value)
  if (found === null) flaws.push(error(said, `there is no runtime \`${said.value}\``, `the runtimes are ${ground.runtimes.join(', ')}`))
  return found
}

/** What the runtime cannot do. Where the file does not say which, the daemon knows. */
function misfits({ settings: { mode, model } }: Item, runtime: string | null, ground: Ground): Flaw[] {
  if (runtime === null) return []
  const modes = ground.modes(runtime)
  const other = model === null ? null : ground.wrongModel(runtime, model.value)
  return [
    ...(mode === null || modes.includes(mode.value) ? [] : [error(mode, `\`${runtime}\` has no mode ${mode.value}`, `use ${modes.join(' or ')}`)]),
    ...(model === null || other === null ? [] : [error(model, `\`${model.value}\` is no model of \`${runtime}\``, other)]),
  ]
}

function sameNames(items: readonly Item[]): Flaw[] {
  const seen = new Map<string, Item>()
  return items.flatMap((item) => {
    const { name } = item.settings
    if (name === null) return []
    const first = seen.get(name.value)
    seen.set(name.value, first ?? item)
    return first === undefined ? [] : [error(name, `the name \`${name.value}\` is the one of the task on line ${first.line} too`, 'give one of them another name')]
  })
}

class Folders {
  readonly #ground: Ground
  readonly #flaws: Flaw[]
  readonly #headings = new Map<Heading, string | null>()

  constructor(ground: Ground, flaws: Flaw[]) {
    this.#ground = ground
    this.#flaws = flaws
  }

  said(dir: Said<string> | null): string | null {
    return dir === null ? null : this.#find(dir.value, dir)
  }

  /** A heading that is prose is a section: its tasks work where they would without it. */
  ofHeading(heading: Heading | null): string | null {
    if (heading === null) return null
    const known = this.#headings.get(heading)
    if (known !== undefined) return known
    const written = heading.title.replace(/^`(.*)`$/, '$1')
    const found = looksLikePath(written) ? this.#find(written, heading) : written === '' ? null : this.#ground.folder(written)
    this.#headings.set(heading, found)
    return found
  }

  #find(written: string, place: Place): string | null {
    const found = this.#ground.folder(written)
    if (found === null) this.#flaws.push(error(place, `there is no folder \`${written}\``, `mkdir -p ${written}, or name another one`))
    return found
  }
}

function looksLikePath(text: string): boolean {
  return /^(~|\.{1,2})(\/|$)|^\/[^\s/]/.test(text) || (text.includes('/') && !/\s/.test(text) && !/\/\//.test(text))
}
