import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parcel } from '../core/runtime.ts'

export interface ShownPicture {
  /** Stands before it: which of the attachments that the text names it is, and whose words it belongs to. */
  label: string
  mime: string
  base64: string
}

/** The pictures of a parcel, as they are now. One that cannot be read was told of, and is left out: the text says how to ask for it. */
export async function readPictures({ n: mail, pictures }: Parcel): Promise<ShownPicture[]> {
  const shown: ShownPicture[] = []
  for (const { n, mime, read } of pictures) {
    const content = await read().catch(() => null)
    if (content !== null) shown.push({ label: `[attachment #${n} of mail #${mail}]`, mime, base64: content.toString('base64') })
  }
  return shown
}

export function dataUrl({ mime, base64 }: ShownPicture): string {
  return `data:${mime};base64,${base64}`
}

export interface PutPicture {
  label: string
  /** Absolute. */
  file: string
}

/**
 * Those of a parcel as files below a folder of the agent's own, for a CLI that takes them up by their path, for as long as `use`
 * takes. One at a time: what a death in between has left there goes with the next.
 */
export async function withPicturesIn<T>(ownFolder: string, parcel: Parcel, use: (pictures: PutPicture[]) => Promise<T>): Promise<T> {
  const pictures = await readPictures(parcel)
  if (pictures.length === 0) return await use([])
  const all = join(ownFolder, 'shown')
  const away = async (): Promise<void> => await rm(all, { recursive: true, force: true })
  await away()
  try {
    // A CLI that is slow must not find those of the next message under the names of this one's.
    const folder = join(all, randomBytes(6).toString('hex'))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const put = pictures.map(({ label, mime, base64 }, at) => ({ label, base64, file: join(folder, `${String(at + 1).padStart(2, '0')}.${mime.slice('image/'.length)}`) }))
    for (const { file, base64 } of put) await writeFile(file, base64, { encoding: 'base64', mode: 0o600, flag: 'wx' })
    return await use(put.map(({ label, file }) => ({ label, file })))
  } finally {
    await away()
  }
}
