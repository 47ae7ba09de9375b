import { describe, expect, it } from 'vitest'
import type { Parcel } from '../../core/runtime.ts'
import { askedBy } from './dialogs.ts'
import { classify, resetOf } from './failure.ts'
import { chooseMode } from './mode.ts'
import { Parcels } from '../parcels.ts'
import { parseSessionFile, type SessionFile } from './session-file.ts'
import { changes, isUntold } from './status.ts'
import { TurnEnd } from './turn-end.ts'

const file: SessionFile = { sessionId: 's1', startedAt: 1, status: 'idle', waitingFor: null, statusUpdatedAt: 10, messagingSocketPath: '/s' }
const types = (before: SessionFile | null, after: SessionFile, tool: string | null = null) =>
  changes(before, after, tool === null ? null : askedBy(tool, {}), 5).map((signal) => (signal.type === 'waiting' ? `waiting: ${signal.what}` : signal.type))

describe('the session file', () => {
  it('tells ready with the first status, not before', () => {
    expect(types(null, { ...file, status: null })).toEqual(['session'])
    expect(types({ ...file, status: null }, file)).toEqual(['ready', 'idle'])
    expect(types(null, { ...file, status: 'busy' })).toEqual(['session', 'ready', 'busy'])
  })

  it('tells each change once, and a turn that was too short to be seen', () => {
    expect(types(file, file)).toEqual([])
    expect(types(file, { ...file, status: 'busy', statusUpdatedAt: 11 })).toEqual(['busy'])
    expect(types(file, { ...file, statusUpdatedAt: 12 })).toEqual(['idle'])
    expect(types(file, { ...file, sessionId: 's2' })).toEqual(['session'])
  })

  it('says what a question is about', () => {
    const asks = { ...file, status: 'waiting' as const, waitingFor: 'permission prompt', statusUpdatedAt: 12 }
    expect(types(file, asks, 'Bash')).toEqual(['waiting: permission for Bash'])
    expect(types(file, asks)).toEqual(['waiting: a permission'])
    expect(types(file, { ...asks, waitingFor: 'input needed' }, 'AskUserQuestion')).toEqual(['waiting: an answer to its question'])
    expect(types(file, { ...asks, waitingFor: 'input needed' })).toEqual(['waiting: input that a tool server asks for'])
    expect(types(file, { ...asks, waitingFor: 'dialog open' }, 'Bash')).toEqual(['waiting: unknown'])
  })

  it('says when only the screen can tell', () => {
    const asks = (waitingFor: string | null) => ({ ...file, status: 'waiting' as const, waitingFor })
    for (const reason of ['dialog open', 'something new', null]) expect(isUntold(asks(reason), askedBy('Bash', {}))).toBe(true)
    expect(isUntold(asks('permission prompt'), null)).toBe(true)
    expect(isUntold(asks('permission prompt'), askedBy('Bash', {}))).toBe(false)
    expect(isUntold(asks('worker request'), null)).toBe(false)
    expect(isUntold({ ...file, waitingFor: 'dialog open' }, null)).toBe(false)
  })

  it('is read with care', () => {
    const text = JSON.stringify({ ...file, waitingFor: undefined, status: 'dancing', more: 1 })
    expect(parseSessionFile(text)).toEqual({ ...file, status: null })
    expect(parseSessionFile(text.slice(0, -2))).toBeNull()
    expect(parseSessionFile('{"pid":1}')).toBeNull()
  })
})

describe('a failed turn', () => {
  const now = new Date(2026, 10, 21, 14, 30).getTime()

  it('blocks, parks or passes', () => {
    expect(classify('authentication_failed', 'Please run /login', now)).toMatchObject({ class: 'auth' })
    expect(classify('billing_error', 'Credit balance too low', now)).toMatchObject({ class: 'quota', until: null })
    expect(classify('rate_limit', 'API Error: Request rejected (429) · slow down', now)).toMatchObject({ class: 'transient' })
    expect(classify('server_error', 'API Error: 529', now)).toEqual({ class: 'transient', why: 'API Error: 529', until: null })
    expect(classify('model_not_found', 'It may not exist', now)).toMatchObject({ class: 'config' })
    expect(classify('invalid_request', 'Prompt is too long · the request is …', now)).toMatchObject({ class: 'config', fix: expect.stringContaining('/compact') as string })
    expect(classify('invalid_request', 'something else', now)).toBeNull()
    expect(classify('rate_limit', "You've hit your monthly spend limit", now)).toMatchObject({ class: 'quota', until: null, fix: expect.stringContaining('raise') as string })
    expect(classify('rate_limit', "You've hit your session limit · resets 3pm", now)).toMatchObject({
      class: 'quota',
      until: new Date(2026, 10, 21, 15, 0).getTime(),
    })
  })

  it.each([
    ['resets 3:45pm', new Date(2026, 10, 21, 15, 45)],
    ['resets 12am', new Date(2026, 10, 22, 0, 0)],
    ['resets Nov 23, 5pm (America/New_York)', new Date('2026-11-23T17:00-05:00')],
    ['usage limit reached|1795300000', new Date(1_795_300_000_000)],
    // The minute that has just begun, told again: over, not tomorrow.
    ['resets 2:29pm', new Date(2026, 10, 21, 14, 29)],
    ['resets Nov 24, 9am', new Date(2026, 10, 24, 9, 0)],
    ['resets Jan 2 at 5pm', new Date(2027, 0, 2, 17, 0)],
  ])('reads %s', (text, time) => expect(resetOf(text, now)).toBe(time.getTime()))

  it('says nothing of a time it does not know', () => expect(resetOf('try again later', now)).toBeNull())
})

describe('permission modes', () => {
  const newer = { features: { manualMode: true } }
  it.each([
    ['plan', false, 'plan'],
    ['confirm', false, 'manual'],
    ['manual', true, 'manual'],
    ['auto', true, 'acceptEdits'],
    ['bypass', false, 'bypassPermissions'],
    ['bypass', true, 'acceptEdits'],
  ] as const)('%s (root: %s) is %s', (wanted, isRoot, mode) => {
    const chosen = chooseMode(wanted, { isRoot }, newer)
    expect(chosen.mode).toBe(mode)
    expect(chosen.notices).toHaveLength(wanted === 'bypass' && isRoot ? 1 : 0)
  })

  it('knows the older word', () => expect(chooseMode('manual', { isRoot: false }, { features: {} }).mode).toBe('default'))
})

const parcel = (n: number): Parcel => {
  const text = `[mail #${n} · id m${n}]\n<<<nonce${n}\nbody ${n}\nnonce${n}>>>\nWhen you are done…`
  return { id: `m${n}`, n, text, marker: `m${n}`, trust: 'peer', priority: 'normal', pictures: [] }
}

describe('parcels', () => {
  it('are found by their envelope, not by words that name them', () => {
    const parcels = new Parcels()
    parcels.add(parcel(1), 'push')
    parcels.add(parcel(2), 'paste')
    const found = (text: string) => parcels.in(text).map((each) => each.parcel.n)
    expect(found(`Another Claude session sent a message:\n${parcel(1).text}`)).toEqual([1])
    expect(found(`${parcel(1).text}\n\n${parcel(2).text}`)).toEqual([1, 2])
    expect(found('see [mail #2 · id m2]\n<<<guess')).toEqual([])
  })
})

describe('the end of a turn', () => {
  it('hands over what is held, once, and stops before Claude would', () => {
    const end = new TurnEnd()
    expect(end.answer(false)).toEqual({})
    end.hold(parcel(1))
    end.hold(parcel(2))
    end.hold(parcel(1))
    end.hold(parcel(3))
    end.drop(parcel(3))
    expect(end.answer(false)).toEqual({ decision: 'block', reason: `${parcel(2).text}\n\n${parcel(1).text}` })
    expect(end.answer(true)).toEqual({})
    const blocks = Array.from({ length: 10 }, () => {
      end.hold(parcel(4))
      return 'decision' in end.answer(true)
    })
    expect(blocks.filter(Boolean)).toHaveLength(7)
    expect(end.answer(false)).toMatchObject({ decision: 'block' })
  })
})
