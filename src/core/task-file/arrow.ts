/** ` ← worker | status | elapsed` at the end of a task's line: who works on it, as it was written last. */
export interface Arrow {
  worker: string
  status: string | null
  elapsed: string | null
}

const afterArrow = /^[ \t]*([A-Za-z0-9](?:[\w.:-]*\w)?)[ \t]*(?:\|[ \t]*([^|]*?)[ \t]*(?:\|[ \t]*([^|]*?)[ \t]*)?)?$/

/** Of an arrow with what follows it. */
const longest = 400

/** The arrow that ends a text, and where it begins; null where it ends otherwise: an arrow in prose stays prose. */
export function arrowAtEnd(text: string): { arrow: Arrow; at: number } | null {
  const at = text.lastIndexOf('←')
  if (at < 0 || text.length - at > longest || (at > 0 && !/[ \t]/.test(text.charAt(at - 1)))) return null
  const found = afterArrow.exec(text.slice(at + 1))
  const worker = found?.[1]
  if (worker === undefined) return null
  return { arrow: { worker, status: found?.[2] ?? null, elapsed: found?.[3] ?? null }, at }
}

export function arrowText({ worker, status, elapsed }: Arrow): string {
  return ['←', [worker, status, elapsed].filter((part) => part !== null).join(' | ')].join(' ')
}
