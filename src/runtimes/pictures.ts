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
