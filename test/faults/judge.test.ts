import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventHash } from '../../src/core/event.ts'
import type { Copy, Found, History, Request } from './history.ts'
import { judge, story, tally, type Kind } from './judge.ts'
import { Model, type Fate } from './model.ts'

interface Run {
  history: History
  found: Found
}

/** Two messages of one sender to one reader, one after the other, and one of another; all watched, then acknowledged. */
function small(): Run {
  const model = new Model()
  model.send('user', ['a'], [])
  model.send('user', ['a'], ['unanswered'])
  model.send('b', ['a', 'c'], [])
  for (const reader of ['a', 'c']) {
    const numbers = model.ask(reader, 'inbox_watch').map(({ n }) => n)
    model.ask(reader, 'inbox_ack', numbers)
    model.ask(reader, 'inbox_watch')
  }
  return structuredClone({ history: { sends: model.recorder.sends, readings: model.recorder.readings }, found: model.found() })
}

const kindsOf = ({ history, found }: Run): Kind[] => [...new Set(judge(history, found).map(({ kind }) => kind))]

/** What the answer of one request of the first reader shows; `from` 0 is its first watch, 2 its last. */
function shown({ history }: Run, request: 0 | 2): Copy[] {
  const outcome = history.readings[0]?.requests[request]?.outcome
  if (outcome?.kind !== 'ok') throw new Error('that request was not answered')
  return outcome.value
}

function message({ found }: Run, n: number) {
  const one = found.messages[n - 1]
  if (one === undefined) throw new Error(`no message #${n}`)
  return one
}

function send({ history }: Run, index: number) {
  const one = history.sends[index]
  if (one === undefined) throw new Error(`no send ${index}`)
  return one
}

/** Lines after a change, linked and numbered anew: only what they tell is wrong then. */
function relink({ found }: Run): void {
  for (const [index, line] of found.journal.entries()) {
    Object.assign(line, { seq: index + 1, prev: found.journal[index - 1]?.hash ?? line.prev })
    line.hash = eventHash(line)
  }
  found.verified.events = found.journal.length
}

const copy = (n: number, from: string, text: string): Copy => ({ n, from, text, rest: '' })
const moment = { tick: 10_000, life: 10_000 }
const later = (via: Request['via'], ...copies: Copy[]): Request => ({ via, ids: [], begun: moment, ended: moment, outcome: { kind: 'ok', value: copies } })

/** Each breaks a promise in a run that kept all of them. */
const wrongs: [kind: Kind, what: string, spoil: (run: Run) => void][] = [
  ['lost', 'an acknowledged message is not there', ({ found }) => void found.messages.splice(1, 1)],
  ['lost', 'it is there with another text', (run) => (message(run, 2).text = 'other words')],
  ['lost', 'it is there for another recipient', (run) => (message(run, 1).deliveries[0]!.to = 'c')],
  ['lost', 'one recipient of several is missing', (run) => void message(run, 3).deliveries.pop()],
  ['lost', 'it has another id than was told', (run) => (message(run, 1).id = 'id-x')],
  ['lost', 'it was never shown', (run) => void shown(run, 0).splice(0, 1)],
  ['lost', 'an acknowledgement is gone', (run) => (message(run, 1).deliveries[0]!.state = 'delivered')],
  ['phantom', 'a message is there that nobody sent', ({ found }) => void found.messages.push({ id: 'x', n: 9, from: 'user', to: 'a', text: 'boo', deliveries: [] })],
  ['phantom', 'a message is there in the name of another', (run) => (message(run, 1).from = 'b')],
  ['phantom', 'a refused message is there', (run) => (send(run, 0).tries[0]!.outcome = { kind: 'refused', why: 'no' })],
  ['phantom', 'a message was shown that is not there', (run) => void shown(run, 2).push(copy(9, 'user', 'boo'))],
  ['phantom', 'a message was shown to who is no recipient', (run) => void run.history.readings[1]?.requests.push(later('inbox_watch', copy(1, 'user', 'text of k0')))],
  ['duplicate', 'one key was answered with two numbers', (run) => void send(run, 1).tries.push({ begun: moment, ended: moment, outcome: { kind: 'ok', value: { n: 1, id: 'id-1' } } })],
  ['duplicate', 'one key is there twice', (run) => void run.found.messages.push({ ...message(run, 2), n: 4, id: 'id-4' })],
  ['order', 'the later of two has the lower number', (run) => {
    for (const [index, n] of [[0, 2], [1, 1]] as const) for (const { outcome } of send(run, index).tries) if (outcome.kind === 'ok') outcome.value.n = n
  }],
  ['order', 'the later of two was shown first', (run) => void shown(run, 0).push(...shown(run, 0).splice(0, 1))],
  ['copies', 'an acknowledged message was shown again', (run) => void shown(run, 2).push(copy(1, 'user', 'text of k0'))],
  ['copies', 'it was shown again by a look at all mail', (run) => void run.history.readings[0]?.requests.push(later('inbox_peek', copy(1, 'user', 'text of k0')))],
  ['copies', 'one answer shows it twice', (run) => void shown(run, 0).push(copy(3, 'b', 'text of k2'))],
  ['copies', 'a repeat is not the same', ({ history }) => void history.readings[0]?.requests.splice(1, 0, later('inbox_peek', { ...copy(1, 'user', 'text of k0'), rest: 'again' }))],
  ['copies', 'a watch brought again what had arrived', ({ history }) => {
    const requests = history.readings[0]!.requests
    const [first] = requests
    if (first === undefined) return
    const acknowledged = requests[1]!
    acknowledged.ids = []
    requests.splice(2, 0, { ...first, begun: acknowledged.ended, ended: acknowledged.ended })
  }],
  ['chain', 'the daemon finds it broken', ({ found }) => (found.verified = { ok: false, events: null, why: 'broken' })],
  ['chain', 'the daemon checked more than there is', ({ found }) => (found.verified.events = 99)],
  ['chain', 'a line is missing', ({ found }) => void found.journal.splice(1, 1)],
  ['chain', 'the first line is missing', ({ found }) => void found.journal.shift()],
  ['chain', 'a line was changed', ({ found }) => (found.journal[0]!.data['n'] = 7)],
  ['chain', 'a line hangs on another', ({ found }) => (found.journal[1]!.prev = 'f'.repeat(64))],
  ['chain', 'a message is not told of', (run) => (run.found.journal.shift(), relink(run))],
  ['chain', 'a message is told of twice', (run) => (run.found.journal.push({ ...run.found.journal[0]! }), relink(run))],
  ['chain', 'it tells other words', (run) => ((run.found.journal[0]!.data['sha256'] = 'f'.repeat(64)), relink(run))],
  ['chain', 'it tells of a message that is not there', (run) => (run.found.journal.push({ ...run.found.journal[0]!, subject: 'id-9' }), relink(run))],
  ['chain', 'an acknowledgement is told of twice', (run) => (run.found.journal.push({ ...run.found.journal.at(-1)! }), relink(run))],
  ['chain', 'an acknowledgement is not told of', (run) => (run.found.journal.pop(), relink(run))],
]

describe('the judge', () => {
  it('finds nothing where every promise was kept', () => {
    const { history, found } = small()
    expect(judge(history, found)).toEqual([])
  })

  it.each(wrongs)('%s: %s', (kind, _what, spoil) => {
    const run = small()
    spoil(run)
    expect(kindsOf(run)).toContain(kind)
  })

  it('tells what clients saw of a message', () => {
    const { history } = small()
    expect(story(history, { kind: 'order', what: '#2 was shown later' })).toEqual([
      expect.stringMatching(/^sent by user to a under k1, .*: unknown #2$/),
      expect.stringMatching(/^sent by user to a under k1, .*: ok #2$/),
      expect.stringMatching(/^a inbox_watch, .*: ok #2$/),
      expect.stringMatching(/^a inbox_ack, .*: ok #2$/),
    ])
  })

  it('takes what a killed daemon had shown for a repeat, and not for more than that', () => {
    const model = new Model()
    model.send('user', ['a'], [])
    model.ask('a', 'inbox_watch')
    model.kill()
    expect(model.ask('a', 'inbox_watch')).toHaveLength(1)
    model.ask('a', 'inbox_read', [1])
    model.ask('a', 'inbox_watch')
    expect(judge(model.recorder, model.found())).toEqual([])
    model.recorder.readings[0]!.requests.push({ ...model.recorder.readings[0]!.requests[0]!, begun: model.recorder.moment(), ended: model.recorder.moment() })
    expect(tally(judge(model.recorder, model.found()))).toMatchObject({ copies: 1 })
  })

  it('takes the first copy for the place of a message, whatever brought it', () => {
    const model = new Model()
    model.send('user', ['a'], [])
    model.ask('a', 'inbox_peek')
    model.send('user', ['a'], [])
    expect(model.ask('a', 'inbox_watch')).toHaveLength(1)
    model.ask('a', 'inbox_read', [1, 2])
    model.ask('a', 'inbox_watch')
    expect(judge(model.recorder, model.found())).toEqual([])
  })

  it('finds nothing in any run of a daemon that keeps its promises, however often it is killed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model()
        for (const take of steps) take(model)
        for (const reader of readers) finish(model, reader)
        expect(judge(model.recorder, model.found())).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('finds each message that such a daemon loses', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, which) => {
        const model = new Model()
        model.send('user', ['a'], [])
        for (const take of steps) take(model)
        for (const reader of readers) finish(model, reader)
        const found = model.found()
        const lost = found.messages.splice(which % found.messages.length, 1)
        const violations = judge(model.recorder, found).filter(({ kind }) => kind === 'lost')
        expect(violations.map(({ what }) => what)).toEqual([expect.stringContaining(`#${lost[0]?.n},`)])
      }),
      { numRuns: 200 },
    )
  })
})

const readers = ['a', 'b']
const fate = fc.constantFrom<Fate>('answered', 'answered', 'answered', 'unheard', 'unanswered')
const reader = fc.constantFrom(...readers)

const step: fc.Arbitrary<(model: Model) => void> = fc.oneof(
  fc.tuple(fc.constantFrom('user', 'a', 'b'), fc.subarray(readers, { minLength: 1 }), fc.array(fate, { maxLength: 3 })).map(([from, to, fates]) => (model: Model) => void model.send(from, to, fates)),
  fc.tuple(reader, fc.constantFrom('inbox_watch' as const, 'inbox_peek' as const), fate).map(([agent, via, end]) => (model: Model) => void model.ask(agent, via, [], end)),
  fc.tuple(reader, fc.constantFrom('inbox_ack' as const, 'inbox_read' as const), fate, fc.nat(4)).map(([agent, via, end, count]) => (model: Model) => {
    const numbers = shownTo(model, agent).filter((n) => model.open(agent).includes(n))
    if (numbers.length > 0) model.ask(agent, via, numbers.slice(0, count + 1), end)
  }),
  reader.map((to) => (model: Model) => model.refused('a', to)),
  fc.constant((model: Model) => model.kill()),
)

function shownTo(model: Model, agent: string): number[] {
  const requests = model.recorder.readings.find((reading) => reading.agent === agent)?.requests ?? []
  return [...new Set(requests.flatMap(({ outcome }) => (outcome.kind === 'ok' ? outcome.value.map(({ n }) => n) : [])))]
}

/** Takes what is left, and acknowledges everything. */
function finish(model: Model, agent: string): void {
  model.ask(agent, 'inbox_watch')
  model.ask(agent, 'inbox_ack', model.open(agent))
  model.ask(agent, 'inbox_watch')
}
