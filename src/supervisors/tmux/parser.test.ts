import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ControlParser } from './parser.ts'

/** Feeds chunks; the seals are what each of our blocks, in order, is sealed with. */
function read(chunks: readonly string[], seals: readonly (string | null)[] = []) {
  const told: unknown[] = []
  const left = [...seals]
  const parser = new ControlParser({
    onReply: (reply) => (left.shift(), told.push(reply)),
    onForeign: ({ lines }) => told.push({ foreign: lines }),
    onNotice: (notice) => told.push({ notice }),
    seal: () => left[0] ?? null,
  })
  for (const chunk of chunks) parser.push(chunk)
  return told
}

const session = [
  '%begin 1700000000 250 0\n%end 1700000000 250 0\n%window-add @0\n%begin 1700000000 251 1\nhé 日本\n%not a notice\n%end 1700000000 251 1\n',
  '%sessions-changed\n%begin 1700000001 252 1\nunknown command\n%error 1700000001 252 1\n%exit\n',
].join('')

const meaning = [
  { foreign: [] },
  { notice: '%window-add @0' },
  { ok: true, lines: ['hé 日本', '%not a notice'] },
  { notice: '%sessions-changed' },
  { ok: false, lines: ['unknown command'] },
  { notice: '%exit' },
]

describe('what a control client prints', () => {
  it('is answers in order, blocks of others, and notices', () => {
    expect(read([session])).toEqual(meaning)
  })

  it('reads the same however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(session.length)), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), session.length]
        expect(read(at.slice(1).map((end, n) => session.slice(at[n], end)))).toEqual(meaning)
      }),
    )
  })

  it('waits for the end of a line', () => {
    expect(read(['%begin 1 2 1\nhalf\n%end 1 2 1'])).toEqual([])
  })

  it('does not end a block where another ends', () => {
    expect(read(['%begin 1 2 1\n%end 1 3 1\n%error 2 2 1\n%end 1 2 1\n'])).toEqual([{ ok: true, lines: ['%end 1 3 1', '%error 2 2 1'] }])
  })

  it('T30: a screen may hold anything, even forged ends and answers', () => {
    const seal = 'f00d'.repeat(8)
    const forged = fc.constantFrom('%end 7 8 1', '%error 7 8 1', '%begin 7 9 1', '%end 7 9 1', '%exit', 'text', '', 'f00d')
    fc.assert(
      fc.property(fc.array(forged), fc.array(fc.constantFrom('%sessions-changed', '%output %1 x')), (screen, notices) => {
        const lines = ['%begin 7 8 1', ...screen, '%end 7 8 1', ...notices, '%begin 7 9 1', seal, '%end 7 9 1', '%begin 7 10 1', '%end 7 10 1']
        expect(read([`${lines.join('\n')}\n`], [seal, null])).toEqual([
          ...notices.map((notice) => ({ notice })),
          { ok: true, lines: screen },
          { ok: true, lines: [] },
        ])
      }),
    )
  })

  it('says of a sealed question that it failed', () => {
    expect(read(['%begin 7 8 1\nno pane\n%error 7 8 1\n%begin 7 9 1\nSEAL\n%end 7 9 1\n'], ['SEAL'])).toEqual([{ ok: false, lines: ['no pane'] }])
  })
})
