import { basename, dirname, join } from 'node:path'
import type { Conversation, Whose } from '../../core/runtime.ts'
import { besides, bring } from '../bring.ts'
import { claudeFiles } from './files.ts'
import { claudeHome, findTranscript, type ClaudeHome } from './home.ts'
import { startedIn } from './transcript.ts'

/** Whoever had it: but for rehearsals, all conversations of a user are in one home. One without a prompt is none yet. */
export async function findConversation(session: string, { host, folder, rehearsal }: Whose): Promise<Conversation | null> {
  const homeOf = (agentFolder: string): ClaudeHome => claudeHome(host.home, rehearsal ? claudeFiles(agentFolder).rehearsalHome : (host.env['CLAUDE_CONFIG_DIR'] ?? null))
  for (const each of rehearsal ? await besides(folder) : [folder]) {
    const file = await findTranscript(homeOf(each), session)
    const cwd = file === null ? null : await startedIn(file)
    if (file === null || cwd === null) continue
    return { cwd, bring: () => bring(file, join(homeOf(folder).projects, basename(dirname(file)), basename(file))) }
  }
  return null
}
