/** At most `length` UTF-16 units and a mark that something is missing, cut between two characters as people count them. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text
  let end = 0
  // A character may consist of thousands of marks: it is left out whole.
  for (const { index, segment } of new Intl.Segmenter().segment(text.slice(0, length + 1))) {
    if (index + segment.length > length) break
    end = index + segment.length
  }
  return `${text.slice(0, end)}…`
}
