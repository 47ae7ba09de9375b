import { readFile, readdir } from 'node:fs/promises'
import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Conversation, Whose } from '../../core/runtime.ts'
import { writeAtomic } from '../../util/atomic-write.ts'
import { besides, bring } from '../bring.ts'
import { geminiFiles } from './files.ts'
import { personsFolder } from './home.ts'
import { findSession, hasPrompts } from './record.ts'

/** In a conversation's folder: the working folder that it is for. */
const rootFile = '.project_root'

/** In the agent's own home, in those of other agents, and in the person's. One without an answer holds nothing to resume. */
export async function findConversation(session: string, { host, folder, rehearsal }: Whose): Promise<Conversation | null> {
  const own = geminiFiles(folder).tmp
  const homes = [...(await besides(folder)).map((each) => geminiFiles(each).tmp), ...(rehearsal ? [] : [join(personsFolder(host), 'tmp')])]
  for (const tmp of homes) {
    const file = await findSession(tmp, session)
    const cwd = file === null ? null : await rootOf(dirname(dirname(file)))
    if (file !== null && cwd !== null && (await hasPrompts(file))) return { cwd, bring: () => bringInto(own, file, cwd) }
  }
  return null
}

/** The CLI looks in the one folder whose mark names where it runs: that is made first, or found. */
async function bringInto(tmp: string, file: string, cwd: string): Promise<void> {
  const names: string[] = await readdir(tmp).catch(() => [])
  const roots = await Promise.all(names.map(async (name) => await rootOf(join(tmp, name))))
  const there = names[roots.indexOf(cwd)]
  const wanted = basename(dirname(dirname(file)))
  const name = there ?? [wanted, ...names.map((_, i) => `${wanted}-${i + 1}`)].find((each) => !names.includes(each)) ?? wanted
  mkdirSync(join(tmp, name), { recursive: true, mode: 0o700 })
  if (there === undefined) writeAtomic(join(tmp, name, rootFile), cwd)
  await bring(file, join(tmp, name, 'chats', basename(file)))
}

async function rootOf(folder: string): Promise<string | null> {
  return await readFile(join(folder, rootFile), 'utf8').then(
    (text) => text.trim(),
    () => null, // a folder of another kind
  )
}
