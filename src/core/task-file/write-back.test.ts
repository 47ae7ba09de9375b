import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseTaskFile } from './parse.ts'
import { writeBack, type Mark } from './write-back.ts'

const marks = (text: string, box: Mark['box'] = 'ticked', status = 'done'): Mark[] =>
  parseTaskFile(text).items.map(({ key, title, n }) => ({ key, title, box, arrow: { worker: `w${n}`, status, elapsed: '0m 05s' } }))

it('ticks and writes the arrow behind the text, before blanks that end the line', () => {
  const text = '\uFEFF# T\r\n\r\n-  [ ] a (model: m)  \r\n\t* [ ]\tb ← w2 | running\r\n  text\r\n- [X] c'
  expect(writeBack(text, marks(text)).text).toBe('\uFEFF# T\r\n\r\n-  [x] a (model: m) ← w1 | done | 0m 05s  \r\n\t* [x]\tb ← w2 | done | 0m 05s\r\n  text\r\n- [X] c ← w3 | done | 0m 05s')
})

it('opens a box again where the task runs anew, and keeps a tick made by hand otherwise', () => {
  expect(writeBack('- [x] a', marks('- [x] a', 'open', 'running')).text).toBe('- [ ] a ← w1 | running | 0m 05s')
  expect(writeBack('- [x] a', marks('- [x] a', null, 'running')).text).toBe('- [x] a ← w1 | running | 0m 05s')
})

it('opens a box that was ticked for an end that was none', () => {
  expect(writeBack('- [x] a ← w1 | done | 0m 05s', marks('- [ ] a', null, 'failed')).text).toBe('- [ ] a ← w1 | failed | 0m 05s')
  expect(writeBack('- [x] a ← w1 | failed', marks('- [ ] a', null, 'failed')).text).toBe('- [x] a ← w1 | failed | 0m 05s')
})

it('takes no task for another one with the same words that was taken out before it', () => {
  const [first, second] = marks('## a\n- [ ] test it\n## b\n- [ ] test it\n')
  const left = [{ ...first!, arrow: { worker: 'w1', status: 'done', elapsed: null } }, { ...second!, box: null, arrow: { worker: 'w2', status: 'queued', elapsed: null } }]
  const { text, missing } = writeBack('## b\n- [ ] test it ← w2 | queued\n', left)
  expect([text, missing.map(({ arrow }) => arrow.worker)]).toEqual(['## b\n- [ ] test it ← w2 | queued\n', ['w1']])
})

it('finds tasks that have moved, and says which are gone', () => {
  const before = '- [ ] a\n- [ ] b\n- [ ] c\n'
  const { text, changed, missing } = writeBack('# New\n- [ ] c\n- [ ] x\n- [ ] a\n', marks(before))
  expect(text).toBe('# New\n- [x] c ← w3 | done | 0m 05s\n- [ ] x\n- [x] a ← w1 | done | 0m 05s\n')
  expect([changed.map(({ title }) => title), missing.map(({ title }) => title)]).toEqual([['a', 'c'].toReversed(), ['b']])
})

it('finds a task whose words were changed by the arrow that was written for it, where that is one task’s', () => {
  const before = '- [ ] a\n'
  expect(writeBack('- [ ] a, better ← w1 | running\n', marks(before)).text).toBe('- [x] a, better ← w1 | done | 0m 05s\n')
  expect(writeBack('- [ ] b ← w1\n- [ ] c ← w1\n', marks(before)).missing).toHaveLength(1)
})

it('changes nothing where everything stands there already', () => {
  const text = '- [x] a   ←  w1|done |  0m 05s \n'
  expect(writeBack(text, marks(text))).toEqual({ text, changed: [], missing: [] })
})

const piece = fc.constantFrom(
  '- [ ] task', '* [x] other (model: m)', '  + [ ] part', '\t1. [X] by tab ← w1 | running | 1m 00s', '```', '~~~', '  ```', '<!-- c', '-->', '## src', '# T', 'prose ← x', '', '   ', '  body  ', '- plain',
  '- [ ] (see #12)', '- [ ] töst ←', '- [ ] 👩‍💻 (after: 1)', '> - [ ] q', '    - [ ] deep', '* * *', '- [ ] a (b: c)', '-[ ] tight', '- [ ]\ttab\t', '\u2028- [ ] x',
)
const ending = fc.constantFrom('\n', '\r\n', '\r')
const file = fc
  .tuple(fc.constantFrom('', '\uFEFF'), fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: piece }, { weight: 1, arbitrary: fc.string() }), ending)), fc.boolean())
  .map(([bom, lines, last]) => bom + lines.map(([text, end], i) => (i === lines.length - 1 && !last ? text : text + end)).join(''))

/** What is left when every tick and every arrow of a task is taken out. */
function bare(text: string): string {
  let result = ''
  let from = 0
  for (const { box, tail } of parseTaskFile(text).items) {
    result += `${text.slice(from, box)}_${text.slice(box + 1, tail.start)}`
    from = tail.end
  }
  return result + text.slice(from)
}

it('whatever the file: nothing but ticks and arrows changes, tasks stay the same ones, and a second time changes nothing', () => {
  fc.assert(
    fc.property(file, fc.constantFrom('ticked' as const, 'open' as const, null), (text, box) => {
      const wanted = marks(text, box)
      const once = writeBack(text, wanted)
      expect(once.missing).toEqual([])
      expect(bare(once.text)).toBe(bare(text))
      const after = parseTaskFile(once.text).items
      expect(after.map(({ key }) => key)).toEqual(wanted.map(({ key }) => key))
      expect(after.map(({ arrow }) => arrow)).toEqual(wanted.map(({ arrow }) => arrow))
      if (box !== null) expect(after.every(({ done }) => done === (box === 'ticked'))).toBe(true)
      expect(writeBack(once.text, wanted)).toEqual({ text: once.text, changed: [], missing: [] })
    }),
    { numRuns: 500 },
  )
})

it('whatever the file: no mark leaves it as it is, to the byte', () => {
  fc.assert(fc.property(file, (text) => writeBack(text, []).text === text))
})
