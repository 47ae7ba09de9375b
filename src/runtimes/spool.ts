import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord } from './json.ts'

/**
 * Hands over what command hooks left, oldest first, each file once it is whole. A file is removed after it was taken:
 * killed in between, it is taken again, which says the same thing twice.
 */
export async function takeSpool(folder: string, take: (event: Record<string, unknown>) => Promise<void>): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => each.endsWith('.json')).toSorted()) {
    const file = join(folder, name)
    const event = parse(await readFile(file, 'utf8').catch(() => ''))
    if (event !== null) await take(event)
    await rm(file, { force: true })
  }
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const event: unknown = JSON.parse(text)
    return isRecord(event) ? event : null
  } catch {
    return null // no JSON: not from the CLI; it is removed with the rest
  }
}
