import { codeMentions, type CommandRule } from './sensitive-rules.ts'

/** How far apart the words of a rule may stand: in something that is put together anyhow, and in a program, where `push` is said of lists too. */
const far = 2000
const near = 60

/**
 * Actions whose program and words occur in a text, in order, however they are put together. Takes time in proportion to
 * the text, whoever wrote it. `code`: of another language.
 */
export function mentionsIn(text: string, rules: readonly CommandRule[], code = false): string[] {
  const bare = text.replace(/["'`\\]/g, '').replace(/[,[\]()]/g, ' ')
  const found = rules.filter((rule) => (rule.words.length > 0 || bare.length <= 4000) && occurs(rule, bare, code))
  const inCode = codeMentions.filter((each) => each.text.test(text))
  return [...found, ...inCode].flatMap(({ actions }) => actions)
}

/** Each word behind the one before it, and not far from it: the last place of each is the best. */
function occurs({ program, words }: CommandRule, text: string, code: boolean): boolean {
  const parts = [alternatives(program).join('|'), ...words.map((word) => word.replace(/[.+*?^${}()[\]\\]/g, '\\$&'))]
  let before: Place[] | null = null
  for (const [at, part] of parts.entries()) {
    const places = placesOf(part, text, code && at > 0)
    before = before === null ? places : reachable(before, places, code ? near : far)
    if (before.length === 0) return false
  }
  return true
}

interface Place {
  from: number
  to: number
}

function placesOf(part: string, text: string, noMember: boolean): Place[] {
  const pattern = new RegExp(`(?<![\\w-${noMember ? '.' : ''}])(?:${part})(?![\\w-])`, 'g')
  return [...text.matchAll(pattern)].map(({ index, 0: { length } }) => ({ from: index, to: index + length }))
}

/** Those with one of the others shortly before. Both in the order of the text. */
function reachable(before: readonly Place[], places: readonly Place[], most: number): Place[] {
  let next = 0
  return places.filter(({ from }) => {
    while (next + 1 < before.length && before[next + 1]!.to <= from) next += 1
    const { to } = before[next]!
    return to <= from && from - to <= most
  })
}

export function alternatives(program: RegExp): string[] {
  return program.source.slice('^(?:'.length, -')$'.length).split('|')
}
