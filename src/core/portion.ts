/** How much mail one answer carries, bytes of UTF-8: many times what a model reads at once, little for the daemon. */
export const portionBytes = 1024 * 1024

/** The first of these that fit into one answer, in order; one at least. The others stay where they are. */
export function portion<T extends { message: { text: string } }>(items: readonly T[]): T[] {
  let bytes = 0
  const end = items.findIndex(({ message }, at) => {
    bytes += Buffer.byteLength(message.text)
    return at > 0 && bytes > portionBytes
  })
  return end < 0 ? [...items] : items.slice(0, end)
}
