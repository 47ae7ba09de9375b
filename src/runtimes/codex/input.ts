import type { Parcel } from '../../core/runtime.ts'
import { dataUrl, readPictures } from '../pictures.ts'
import type { UserInput } from './protocol.ts'

/** A message as the input of a turn: its words, then its pictures. */
export async function inputOf(parcel: Parcel): Promise<UserInput[]> {
  const pictures = await readPictures(parcel)
  return [words(parcel.text), ...pictures.flatMap((each): UserInput[] => [words(each.label), { type: 'image', url: dataUrl(each) }])]
}

export function words(text: string): UserInput {
  return { type: 'text', text, text_elements: [] }
}
