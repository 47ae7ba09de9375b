/** Stands for itself (`1` follows) or for NUL (`0` follows). A private-use character that nobody types. */
const mark = '\uF8FE'

/** Reversible, and equal texts stay equal. Anything but text is returned as it is. */
export function escapeNul(value: unknown): unknown {
  if (typeof value !== 'string' || (!value.includes('\0') && !value.includes(mark))) return value
  return value.replaceAll(mark, `${mark}1`).replaceAll('\0', `${mark}0`)
}

export function unescapeNul(text: string): string {
  if (!text.includes(mark)) return text
  return text.replaceAll(`${mark}0`, '\0').replaceAll(`${mark}1`, mark)
}
