import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ScreenState } from '../../src/core/runtime.ts'
import { loadRuntime, runtimeNames } from '../../src/runtimes/index.ts'

const folder = fileURLToPath(new URL('../fixtures/screens', import.meta.url))

/** One screen of a real CLI, and what it truly did then. `null`: it had ended. */
export interface Screen {
  runtime: string
  name: string
  text: string
  truth: ScreenState
  /** Not looked at while the readers were written: a third, by the hash of its name, which is not chosen. */
  heldOut: boolean
}

export function corpus(): Screen[] {
  return readdirSync(folder).filter((name) => runtimeNames.ready.includes(name)).flatMap((runtime) =>
    readdirSync(`${folder}/${runtime}`).map((file) => {
      const [state = ''] = file.split('-')
      const truth = state === 'ended' ? null : (state as ScreenState)
      const heldOut = createHash('sha256').update(file).digest()[0]! % 3 === 0
      return { runtime, name: file.replace(/\.txt$/, ''), text: readFileSync(`${folder}/${runtime}/${file}`, 'utf8'), truth, heldOut }
    }),
  )
}

export interface Reading extends Screen {
  read: ScreenState
}

export async function readings(): Promise<Reading[]> {
  const screens = corpus()
  const readers = new Map<string, (screen: string) => ScreenState>()
  for (const runtime of new Set(screens.map((each) => each.runtime))) {
    const { looks } = await loadRuntime(runtime, null, 'terminal')
    readers.set(runtime, looks ?? (() => null))
  }
  return screens.map((screen) => ({ ...screen, read: readers.get(screen.runtime)?.(screen.text) ?? null }))
}

/** Says a state that is not so. */
export function isFalse({ read, truth }: Reading): boolean {
  return read !== null && read !== truth
}

/** Says nothing, or something else, where there is a state. */
export function isMissed({ read, truth }: Reading): boolean {
  return truth !== null && read !== truth
}
