/**
 * One run of a costly look for everybody who asks before it begins. It begins in the next turn of the event
 * loop, so what a caller did before asking is always seen.
 */
export function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | null = null
  return () =>
    (next ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      next = null
      return look()
    }))
}
