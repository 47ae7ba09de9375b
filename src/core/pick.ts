/** What was meant by a name, or by the beginning of one. */
export type Picked = { one: string } | { several: string[] } | null

/**
 * The name itself wins; then the only one that differs in case alone; then the only one that begins so, with letters as
 * typed, else in any case. Several that begin so are for the caller to refuse: nobody guesses who was meant.
 */
export function pick(name: string, names: readonly string[]): Picked {
  if (names.includes(name)) return { one: name }
  if (name === '') return null
  const low = name.toLowerCase()
  const alike = names.filter((each) => each.toLowerCase() === low)
  const begin = names.filter((each) => each.startsWith(name))
  const loosely = names.filter((each) => each.toLowerCase().startsWith(low))
  const found = [...new Set([alike, begin, loosely].find((each) => each.length > 0) ?? [])]
  const [only, ...others] = found
  return only === undefined ? null : others.length === 0 ? { one: only } : { several: found }
}
