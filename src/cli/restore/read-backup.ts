import { readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { backupFormat, databaseName, manifestName } from '../../core/backup.ts'
import { TroupeError } from '../../core/error.ts'
import { sha256 as hashOf } from '../../core/event.ts'
import { describeFile, filesBelow, isPlainPath } from '../../util/manifest.ts'

const manifest = z.object({
  format: z.int(),
  at: z.number(),
  root: z.string().refine(isAbsolute),
  database: z.string(),
  withEnv: z.boolean(),
  files: z.array(z.object({ path: z.string(), bytes: z.int(), sha256: z.string() })),
})
/** `digest`: of its manifest, hex. */
export type Backup = z.infer<typeof manifest> & { digest: string }

/** Checks all of it before anything is done with it: every file there, unchanged, none besides. Throws `unknown`, `incompatible`, `failed`. */
export async function readBackup(folder: string): Promise<Backup> {
  const found = parse(folder, await read(folder))
  if (found.format !== backupFormat) {
    throw new TroupeError('incompatible', `${folder} was written in format ${found.format}, this troupe reads ${backupFormat}`, { hint: 'use a newer troupe' })
  }
  if (!isPlainPath(found.database)) {
    throw new TroupeError('failed', `the team keeps its database outside of its root (${found.database})`, { hint: `copy ${join(folder, databaseName)} there by hand` })
  }
  const wanted = new Map(found.files.map((file) => [file.path, file]))
  const bad = [...wanted.keys()].find((path) => !isPlainPath(path))
  if (bad !== undefined) throw damaged(folder, `${JSON.stringify(bad)} is no path of a backup`)
  const there = (await filesBelow(folder)).filter((path) => path !== manifestName)
  const extra = there.find((path) => !wanted.has(path))
  if (extra !== undefined) throw damaged(folder, `${extra} is not in its manifest`)
  for (const { path, bytes, sha256 } of wanted.values()) {
    if (!there.includes(path)) throw damaged(folder, `${path} is missing`)
    const is = await describeFile(folder, path)
    if (is.bytes !== bytes || is.sha256 !== sha256) throw damaged(folder, `${path} was changed`)
  }
  if (!wanted.has(databaseName)) throw damaged(folder, `${databaseName} is missing`)
  return found
}

async function read(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, manifestName), 'utf8')
  } catch (cause) {
    throw new TroupeError('unknown', `${folder} is not a backup: it has no ${manifestName}`, { hint: 'name the folder that troupe backup wrote', cause })
  }
}

function parse(folder: string, text: string): Backup {
  try {
    return { ...manifest.parse(JSON.parse(text)), digest: hashOf(text) }
  } catch (cause) {
    throw damaged(folder, `its ${manifestName} cannot be read`, cause)
  }
}

function damaged(folder: string, why: string, cause?: unknown): TroupeError {
  return new TroupeError('failed', `the backup ${folder} is damaged: ${why}; nothing was changed`, { hint: 'use another backup', ...(cause === undefined ? {} : { cause }) })
}
