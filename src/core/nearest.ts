import { closest, distance } from 'fastest-levenshtein'

/** The candidate that a typo most likely meant, or undefined where none is close (a third of its length, at least 2 edits). */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const best = closest(word, candidates)
  return distance(word, best) <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined
}

/** `did you mean "x"?`, else the list while it is short, as a hint. */
export function didYouMean(word: string, candidates: readonly string[], what: string): string {
  const best = nearest(word, candidates)
  if (best !== undefined) return `did you mean ${best}?`
  if (candidates.length === 0) return `there are no ${what}`
  if (candidates.length <= 8) return `the ${what} are ${candidates.join(', ')}`
  return `there are ${candidates.length} ${what}, such as ${candidates.slice(0, 3).join(', ')}`
}
