import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { safeName, type Attachment } from '../core/attachment.ts'
import { TroupeError } from '../core/error.ts'

/** In an agent's own folder: what it was given to read. */
const folderName = 'attachments'

/** Whole, and as it was kept. For files of a few megabytes. */
export async function readKept(file: string, { n, sha256 }: Attachment): Promise<Buffer> {
  const content = await readFile(file)
  if (createHash('sha256').update(content).digest('hex') !== sha256) throw changed(n, file)
  return content
}

/** A copy for an agent that is to open it itself, 0600, whole or absent. Its path. */
export async function copyForAgent(agentFolder: string, attachment: Attachment, file: string): Promise<string> {
  const folder = join(agentFolder, folderName)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // The agent may write there: what it put in the folder's place is not followed.
  if (!lstatSync(folder).isDirectory()) throw new TroupeError('failed', `${folder} is not a folder`, { hint: `remove ${folder}, then ask again` })
  const [part, target] = [join(folder, `.part-${randomUUID()}`), join(folder, `${attachment.n}-${safeName(attachment.name)}`)]
  try {
    const copy = await open(part, 'wx', 0o600)
    const hash = createHash('sha256')
    try {
      for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
        hash.update(chunk)
        await copy.writeFile(chunk)
      }
    } finally {
      await copy.close()
    }
    if (hash.digest('hex') !== attachment.sha256) throw changed(attachment.n, file)
    renameSync(part, target)
    return target
  } finally {
    rmSync(part, { force: true })
  }
}

/** Removes an agent's copies from before a moment, ms; how many. */
export function removeCopies(agentFolder: string, before: number): number {
  const folder = join(agentFolder, folderName)
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return 0
  const old = readdirSync(folder).map((name) => join(folder, name)).filter((file) => (lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? before) < before)
  for (const file of old) rmSync(file, { force: true, recursive: true })
  return old.length
}

function changed(n: number, file: string): TroupeError {
  return new TroupeError('failed', `the file of attachment ${n} is not what was kept: it was changed or damaged`, { hint: `put ${file} back from a backup`, facts: { id: n, file } })
}
