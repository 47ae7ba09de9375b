import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readText } from './text.ts'

/**
 * teamctl's grammar: blank lines and `#` lines are skipped, `export ` may stand in front, the first `=`
 * divides, the value is trimmed and its quotes are taken off. Nothing is expanded.
 */
export function parseDotenv(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const line of text.split(/\r?\n/)) {
    const found = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line)
    if (found?.[1] !== undefined && found[2] !== undefined) values[found[1]] = found[2].trim().replaceAll(/^["']+|["']+$/g, '')
  }
  return values
}

export interface Dotenv {
  values: Record<string, string>
  /** The file that each value comes from. */
  origins: Record<string, string>
  /** Those that cannot be read. */
  problems: string[]
}

/** The `.env` files of a team, the first one counting more: in the root, and beside it. */
export function readDotenv(root: string): Dotenv {
  const files = [join(root, '.env'), join(dirname(root), '.env')].filter((file) => existsSync(file))
  const found: Dotenv = { values: {}, origins: {}, problems: [] }
  for (const file of files.toReversed()) {
    const read = readText(file)
    if ('problem' in read) {
      found.problems.push(`${file} ${read.problem}`)
      continue
    }
    for (const [name, value] of Object.entries(parseDotenv(read.text))) {
      found.values[name] = value
      found.origins[name] = file
    }
  }
  return found
}
