import { resolve } from 'node:path'
import { wordsOf, type ToolCall } from '../core/gate.ts'
import { isInside } from '../util/open-regular.ts'
import { realOf } from '../util/real-path.ts'

/** So many places are looked at; with more, nobody knows. */
const mostPlaces = 200
const anywhere = '/'

/** Where links lead that a call names: the places outside of the agent's folder. A link inside of it is no way out. */
export async function leadingOut({ kind, paths, command, cwd }: Pick<ToolCall, 'kind' | 'paths' | 'command' | 'cwd'>, folder: string): Promise<string[]> {
  if (kind !== 'read' && kind !== 'edit' && kind !== 'shell') return []
  const named = [cwd, ...paths, ...(command === null ? [] : wordsOf(command).filter((word) => word !== '' && !word.startsWith('-')))]
  // One that lies outside as it is named is known already.
  const inside = [...new Set(named.map((path) => resolve(cwd, path)))].filter((place) => isInside(folder, place))
  if (inside.length > mostPlaces) return [anywhere]
  const real = await realOf(folder)
  const found = await Promise.all(inside.map(async (place) => await realOf(place)))
  return found.filter((place) => !isInside(real, place))
}
