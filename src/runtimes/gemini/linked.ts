import { randomBytes } from 'node:crypto'
import { rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { PutPicture } from '../pictures.ts'

/**
 * The same pictures by a way from outside, for as long as `use` takes. The CLI passes over what git ignores, and where the team's
 * state lies in the working folder git does; but it asks that of the path that is named, and of the real one only whether it may read it.
 */
export async function linked<T>(pictures: readonly PutPicture[], use: (pictures: readonly PutPicture[]) => Promise<T>): Promise<T> {
  const [first] = pictures
  if (first === undefined) return await use([])
  const link = join(tmpdir(), `troupe-shown-${randomBytes(8).toString('hex')}`)
  await symlink(dirname(first.file), link)
  try {
    return await use(pictures.map(({ label, file }) => ({ label, file: join(link, basename(file)) })))
  } finally {
    await rm(link, { force: true })
  }
}
