const other = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/gu
const fullWidth = /[\uFF01-\uFF5E]/g

/** Letters that pass for Latin ones inside words with Latin letters, and Latin ones of another width: each as `а U+0430`. */
export function lookAlikes(text: string): string[] {
  const words = text.match(/[\p{L}\p{M}\p{N}_-]+/gu) ?? []
  const mixed = words.filter((word) => /\p{Script=Latin}/u.test(word)).flatMap((word) => word.match(other) ?? [])
  return [...new Set([...mixed, ...(text.match(fullWidth) ?? [])])].map((letter) => `${letter} U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`)
}
