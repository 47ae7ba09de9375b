import { programPath } from './programs.ts'
import { run } from './spawn.ts'

/** A large database on a slow disk. ms */
const timeoutMs = 300_000

/** Looks at a SQLite file in a process of its own: the look takes as long as the file is large. Reads only; never throws. */
export async function checkBeside(file: string): Promise<{ ok: boolean; why: string }> {
  const ran = await run([process.execPath, programPath('daemon'), '--check', file], { timeoutMs })
  try {
    const { ok, why } = JSON.parse(ran.stdout) as { ok: boolean; why: string }
    return { ok, why }
  } catch {
    // No answer: the process was killed or could not start, and said so on stderr.
    return { ok: false, why: ran.timedOut ? 'the look at the database took too long' : `the database could not be looked at: ${ran.stderr.trim()}` }
  }
}
