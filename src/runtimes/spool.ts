import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from './json.ts'

/**
 * Hands over what command hooks left, oldest first, each file once it is whole. A file is removed after it was taken:
 * killed in between, it is taken again, which says the same thing twice. One that cannot be taken holds up none of the
 * others; it is removed too, and what was wrong with the first such is thrown at the end.
 */
export async function takeSpool(folder: string, take: (event: Record<string, unknown>) => Promise<void>): Promise<void> {
  const wrong: unknown[] = []
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each.endsWith('.json')).toSorted()) {
    const file = join(folder, name)
    const event = parse(await readFile(file, 'utf8').catch(() => ''))
    if (event !== null) await take(event).catch((error: unknown) => wrong.push(error))
    await rm(file, { force: true })
  }
  if (wrong.length > 0) throw wrong[0]
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const event: unknown = JSON.parse(text)
    return isRecord(event) ? event : null
  } catch {
    return null // no JSON: not from the CLI; it is removed with the rest
  }
}
