import { resolve } from 'node:path'
import { wordsOf, type ToolCall } from '../core/gate.ts'
import { isInside } from '../util/open-regular.ts'
import { realOf } from '../util/real-path.ts'

/** Of a command line so many words are looked at. */
const mostWords = 200

/** Where links lead that a call names: the places outside of the agent's folder. A link inside of it is no way out. */
export async function leadingOut({ kind, paths, command, cwd }: Pick<ToolCall, 'kind' | 'paths' | 'command' | 'cwd'>, folder: string): Promise<string[]> {
  if (kind !== 'read' && kind !== 'edit' && kind !== 'shell') return []
  const named = [cwd, ...paths, ...(command === null ? [] : wordsOf(command).filter((word) => word !== '' && !word.startsWith('-')))]
  const real = await realOf(folder)
  const found = await Promise.all([...new Set(named)].slice(0, mostWords).map(async (path) => await realOf(resolve(cwd, path))))
  // One that lies outside as it is named is known already, and what no file can be is no way.
  return found.filter((each, at) => !isInside(real, each) && isInside(folder, resolve(cwd, [...new Set(named)][at] ?? '.')))
}
