import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { canonical, deedHash, isOpen, turn, windowsFor, type Approval, type Turn, type Window, verdictText } from './approval.ts'

const pending: Approval = {
  id: 'i', n: 1, agent: 'p:a', project: 'p', action: 'publish', scope: null, summary: 's', exact: '{}', hash: 'h', origin: 'held', status: 'pending',
  requestedAt: 0, expiresAt: 100, decidedAt: null, decidedBy: null, note: null, usedAt: null, told: false, taint: [],
}

const events = fc.array(
  fc.record({ type: fc.constantFrom('approve', 'deny', 'use', 'expire'), at: fc.integer({ min: 0, max: 400 }) }).map(({ type, at }): Turn =>
    type === 'approve' || type === 'deny' ? { type, at, by: 'user', note: null } : { type: type as 'use' | 'expire', at }),
)

test('whatever happens, in whatever order: one decision, one use, nothing after the end, and no use without a yes in time', () => {
  fc.assert(
    fc.property(events, (all) => {
      let now = pending
      const done: Turn[] = []
      for (const event of all.toSorted((a, b) => a.at - b.at)) {
        const next = turn(now, event)
        if (!next.ok) continue
        expect(isOpen(now.status)).toBe(true)
        if (event.type === 'use') expect(event.at).toBeLessThan(now.expiresAt)
        done.push(event)
        now = next.after
      }
      const count = (...types: string[]) => done.filter(({ type }) => types.includes(type)).length
      expect(count('approve', 'deny')).toBeLessThanOrEqual(1)
      expect(count('use')).toBeLessThanOrEqual(count('approve'))
      if (now.status === 'used') expect(now.decidedBy).toBe('user')
    }),
  )
})

it('is not decided at its end or after, though nobody has noted the end yet', () => {
  expect(turn(pending, { type: 'approve', by: 'user', note: null, at: 99 })).toMatchObject({ ok: true, after: { status: 'approved', expiresAt: 199 } })
  expect(turn(pending, { type: 'approve', by: 'user', note: null, at: 100 })).toEqual({ ok: false, why: 'approval 1 has expired' })
  const denied = { ...pending, status: 'denied' as const, decidedBy: 'user' }
  expect(turn(denied, { type: 'approve', by: 'user', note: null, at: 1 })).toEqual({ ok: false, why: 'approval 1 was denied already, by user' })
})

describe('the exact action', () => {
  // RFC 8785, section 3.2.3 and appendix B.
  it('is written as RFC 8785 says', () => {
    expect(canonical({ '\u20ac': 'Euro Sign', '\r': 'Carriage Return', '\ufb33': 'Hebrew Letter Dalet With Dagesh', '1': 'One', '\ud83d\ude00': 'Smiley', '\u0080': 'Control', '\u00f6': 'Latin' }))
      .toBe('{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin","\u20ac":"Euro Sign","\ud83d\ude00":"Smiley","\ufb33":"Hebrew Letter Dalet With Dagesh"}')
    expect(canonical([333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0, '\u20ac$\u000f\nA\'B"\\\\"/'])).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,0,"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"]')
  })

  it('has one form for equal values, and another for every other', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).toReversed().map(([name, member]) => [name, shuffled(member)]))
    }
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(canonical(shuffled(value))).toBe(canonical(value))
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value).replaceAll('-0,', '0,')))
    }))
  })

  it('is of one agent, tool, input and folder', () => {
    const deed = { agent: 'p:a', tool: 'Bash', input: { command: 'git push' }, cwd: '/w' }
    const others = [{ ...deed, agent: 'p:b' }, { ...deed, tool: 'Sh' }, { ...deed, input: { command: 'git push ' } }, { ...deed, cwd: '/v' }]
    expect(new Set([deed, ...others].map(deedHash)).size).toBe(5)
    expect(deedHash({ cwd: '/w', input: { command: 'git push' }, tool: 'Bash', agent: 'p:a' })).toBe(deedHash(deed))
  })
})

describe('windows', () => {
  const open: Window = { action: 'publish', project: null, agent: null, scope: null, until: 10 }
  const wanted = { actions: ['publish'], project: 'p', agent: 'p:a', scope: 'docs' }

  it.each<[string, Partial<Window>, boolean]>([
    ['any', {}, true],
    ['over', { until: 5 }, false],
    ['another action', { action: 'release' }, false],
    ['its project', { project: 'p' }, true],
    ['another project', { project: 'q' }, false],
    ['its name', { agent: 'a' }, true],
    ['its address', { agent: 'p:a' }, true],
    ['an agent of that name elsewhere', { agent: 'q:a' }, false],
    ['its scope', { scope: 'docs' }, true],
    ['another scope', { scope: 'code' }, false],
  ])('%s', (_, change, allowed) => {
    expect(windowsFor([{ ...open, ...change }], wanted, 5) !== null).toBe(allowed)
  })

  it('allow a call of several actions only all together', () => {
    const both = { ...wanted, actions: ['publish', 'release'] }
    expect(windowsFor([open], both, 5)).toBeNull()
    expect(windowsFor([{ ...open, action: 'release' }, open], both, 5)).toEqual([1, 0])
    expect(windowsFor([{ ...open, scope: 'docs' }], { ...wanted, scope: null }, 5)).toBeNull()
  })
})

it('a mail that tells a verdict stays short, however much the agent had to say', () => {
  const summary = `${'word '.repeat(59)}last ${'more '.repeat(700)}`
  const text = verdictText({ ...pending, summary, exact: '{"tool":"request_approval"}', status: 'denied', note: 'no' })
  expect(text).toContain('last …) was denied. Note: no')
  expect(text.length).toBeLessThan(500)
})
