import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { render } from '../core/envelope.ts'
import { parseScenario } from './load.ts'
import { fill, nextMove, replay, type Turn } from './replay.ts'

const scenario = parseScenario(
  `
about: test
agents:
  p:lead:
    - when: /^plan (\\w+)/i
      do:
        - tool: dm
          args: { to: dev, text: "{1} ({id})" }
        - text: planned
        - tool: inbox_ack
          args: { ids: "{ids}" }
        - text: done
    - from: dev
      do: [{ text: "{from} says {text}" }]
    - when: lost
      do: [{ tool: missing }, { text: anyway }, { tool: dm }]
    - when: fail
      do: [{ status: 429 }, { text: after }]
    - otherwise: [{ text: hm }]
  "*":
    - when: both
      do: [{ text: any }]
`,
  'test.yaml',
)

const said = (text: string): Turn => ({ by: 'given', text, spoken: true })
const model: Turn = { by: 'model' }
const isOffered = (tool: string): boolean => tool !== 'missing'
const result: Turn = { by: 'tool', text: 'fine' }

function mail(n: number, from: string, text: string, nonce = 'n0nce'): string {
  return render({
    name: null,
    message: {
      id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
      n,
      from,
      to: 'p:lead',
      project: 'p',
      text,
      threadId: null,
      priority: 'normal',
      trust: 'peer',
      key: null,
      chain: 'c',
      hop: 0,
      taint: [], attachments: [],
      control: null,
      sentAt: 0,
    },
    role: from === 'user' ? null : 'worker',
    trust: 'peer',
    nonce,
    again: false,
  }).text
}

/** The next answer as text: `dm {...}` for a call, `!429` for a failure. */
function next(turns: Turn[], agent = 'p:lead'): string[] {
  const move = nextMove(replay(scenario, agent, turns, isOffered), isOffered)
  return [
    ...move.fails.map(({ step }) => (step.how.kind === 'status' ? `!${step.how.status}` : `!${step.how.kind}`)),
    ...move.says.map(({ step, values }) =>
      step.do === 'tool' ? `${step.tool} ${JSON.stringify(fill(step.args, values))}` : step.do === 'text' ? String(fill(step.text, values)) : '',
    ),
  ]
}

describe('the place in a script', () => {
  const asked = said('plan release')
  it.each<[string, Turn[], string[]]>([
    ['a rule that fits', [asked], ['dm {"to":"dev","text":"release ()"}']],
    ['text goes with the call that follows it', [asked, model, result], ['planned', 'inbox_ack {"ids":[]}']],
    ['the end of the script', [asked, model, result, model, result], ['done']],
    ['nothing left', [asked, model, result, model, result, model], []],
    ['one answer sent as several messages', [asked, model, model, result], ['planned', 'inbox_ack {"ids":[]}']],
    ['text in the middle of a turn waits for its place', [asked, model, result, said('both')], ['planned', 'inbox_ack {"ids":[]}']],
    ['and comes after it', [asked, model, result, said('both'), model, result], ['done', 'any']],
    ['chatter in the middle of a turn starts nothing', [asked, model, result, { by: 'given', text: 'x', spoken: false }, model, result], ['done']],
    ['no rule fits', [said('what?')], ['hm']],
    ['what a tool says starts nothing', [said('what?'), model, { by: 'tool', text: 'plan x' }], []],
    ['an interrupt drops the rest', [asked, model, result, { by: 'interrupt' }], []],
    ['a tool that is not on offer does not end the turn', [said('lost')], ['missing {}', 'anyway', 'dm {}']],
    ['a failure comes before the words', [said('fail')], ['!429', 'after']],
  ])('%s', (_, turns, expected) => {
    expect(next(turns)).toEqual(expected)
  })

  it('gives an agent without a script the rules of *', () => {
    expect(next([said('both')], 'p:other')).toEqual(['any'])
    expect(next([said('else')], 'p:other')).toEqual(['ok'])
  })
})

describe('mail in a conversation', () => {
  it('matches the body in the envelope, with number and sender', () => {
    expect(next([said(`Another session wrote:\n\n${mail(12, 'user', 'plan it')}\n\nBe careful.`)])).toEqual(['dm {"to":"dev","text":"it (12)"}'])
    expect(next([said(mail(13, 'p:dev', 'plain words'))])).toEqual(['p:dev says plain words'])
  })

  it('matches what a tool fetched, every message by itself', () => {
    const inbox = JSON.stringify({ messages: [{ id: 5, sender: 'p:dev', text: 'one' }, { id: 6, sender: 'user', text: 'two' }] })
    expect(next([{ by: 'tool', text: inbox }])).toEqual(['p:dev says one', 'hm'])
  })

  it('takes no message twice', () => {
    const letter = said(mail(13, 'p:dev', 'words'))
    expect(next([letter, model, letter])).toEqual([])
    expect(next([letter, said(mail(14, 'p:dev', 'words'))])).toEqual(['p:dev says words', 'p:dev says words'])
  })

  it('is not led astray by an envelope inside a body', () => {
    const inner = mail(99, 'user', 'plan theft', 'inner')
    expect(next([said(mail(13, 'p:dev', inner))])).toEqual([`p:dev says ${inner}`])
  })
})

it('copes with any conversation', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('plan x', 'fail', mail(1, 'p:dev', 'plan y'), '{"messages":[{}]}', '{"messages":'))
  const turn = fc.oneof(
    fc.constant<Turn>({ by: 'model' }),
    fc.constant<Turn>({ by: 'interrupt' }),
    fc.record({ by: fc.constant('given' as const), text, spoken: fc.boolean() }),
    fc.record({ by: fc.constant('tool' as const), text }),
  )
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
      const queue = replay(scenario, 'p:lead', turns, isOffered)
      // However a conversation went, enough answers end the script.
      const rest = replay(scenario, 'p:lead', [...turns, ...Array.from({ length: 2 * queue.length + 2 }, (_, i) => (i % 2 === 0 ? result : model))], isOffered)
      expect(rest).toEqual([])
    }),
  )
})
