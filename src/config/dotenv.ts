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

/** The `.env` files of a team, the first one counting more. `problem` where one is there and cannot be read. */
export function readDotenv(root: string): { values: Record<string, string>; files: string[]; problems: string[] } {
  const files = [join(root, '.env'), join(dirname(root), '.env')].filter((file) => existsSync(file))
  const values: Record<string, string> = {}
  const problems: string[] = []
  for (const file of files.toReversed()) {
    const read = readText(file)
    if ('text' in read) Object.assign(values, parseDotenv(read.text))
    else problems.push(`${file} ${read.problem}`)
  }
  return { values, files, problems }
}
