import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import { systemClock, type Clock } from '../../core/clock.ts'
import type { Attempt, Parcel } from '../../core/runtime.ts'
import type { Typing } from '../../core/supervisor.ts'
import { Parcels } from '../parcels.ts'
import { offer, type RungParts } from './rungs.ts'
import { readPeerToken } from './session-file.ts'
import { TurnEnd } from './turn-end.ts'

const id = '11111111-1111-4111-8111-111111111111'
const text = `[mail #7 · from user (the operator) · trust operator · via dm · id ${id}]\n<<<f00\nhello\nf00>>>\nWhen you are done with it: inbox_ack with ids [7].`
const parcel = { id, n: 7, text, marker: id, trust: 'operator', priority: 'normal', pictures: [] } as Parcel
const rule = '─'.repeat(40)
const question = [rule, ' Bash command', '   rm -r data', ' Do you want to proceed?', ' ❯ 1. Yes', '   2. No', ' Esc to cancel'].join('\n')
const proved: Attempt = { result: 'proved', proof: 'hook', what: 'echoed' }

/** A second in ten milliseconds. */
const hasty: Clock = { now: () => Date.now(), elapsed: () => performance.now() * 100, after: (ms, run) => systemClock.after(ms / 100, run) }

/** An idle Claude with this in its input box. `enter`: what becomes of it when Enter is pressed. */
function claude(box: string, enter: (holds: string) => { screen: string; status?: string }) {
  const folder = testFolder('claude-rungs-')
  const status = (word: string): void => writeFileSync(join(folder, '5.json'), JSON.stringify({ sessionId: 's', startedAt: 10_000, status: word, statusUpdatedAt: 1 }))
  const drawn = (words: string): string => ['● done', rule, `❯ ${words}`, rule, '  ? for shortcuts'].join('\n')
  let [holds, screen] = [box, drawn(box)]
  const typed: Typing[] = []
  status('idle')
  const type = (input: Typing[]): Promise<void> => {
    for (const each of input) {
      typed.push(each)
      if ('paste' in each) screen = drawn((holds += each.paste))
      if (!('keys' in each)) continue
      const after = enter(holds)
      screen = after.screen
      status(after.status ?? 'idle')
    }
    return Promise.resolve()
  }
  const parts: Omit<RungParts, 'echo'> = { own: { folder, pid: 5, startedAt: 10_000 }, folder, terminal: { type, screen: () => Promise.resolve(screen) }, parcels: new Parcels(), turnEnd: new TurnEnd(), clock: hasty }
  return { typed, drawn, parts, keys: () => typed.filter((each) => 'keys' in each).length, pastes: () => typed.filter((each) => 'paste' in each).length }
}

it('enters its own message that an earlier Enter has left in the box, instead of taking it for a person’s draft', async () => {
  const left = claude(text.replace(' · via', '\n  · via'), () => ({ screen: left.drawn('') }))
  expect(await offer('paste', { ...parcel, text: text.replaceAll('f00', 'ba7') }, { ...left.parts, echo: async () => (left.keys() > 0 ? proved : null) })).toEqual(proved)
  expect([left.keys(), left.pastes()]).toEqual([1, 0])
  const other = claude(text, () => ({ screen: other.drawn('') }))
  expect(await offer('paste', { ...parcel, marker: 'another', id: 'another' }, { ...other.parts, echo: async () => null })).toMatchObject({ result: 'refused', why: expect.stringContaining('entered first') })
})

it('leaves a message to which a person has added words', async () => {
  const theirs = claude(`${text} And push it.`, () => ({ screen: '' }))
  expect(await offer('paste', parcel, { ...theirs.parts, echo: async () => null })).toMatchObject({ result: 'refused', why: 'somebody is writing in the input box' })
  expect(theirs.typed).toEqual([])
})

it('presses Enter again where its paste still stands, and not into a question that has come up: that would be a yes', async () => {
  const deaf = claude('', () => ({ screen: deaf.drawn(text) }))
  await offer('paste', parcel, { ...deaf.parts, echo: async () => null })
  expect(deaf.keys()).toBe(2)
  const asks = claude('', () => ({ screen: question, status: 'waiting' }))
  expect(await offer('paste', parcel, { ...asks.parts, echo: async () => null })).toMatchObject({ result: 'taken' })
  expect(asks.keys()).toBe(1)
  const writes = claude('', () => ({ screen: writes.drawn('half a though') }))
  await offer('paste', parcel, { ...writes.parts, echo: async () => null })
  expect(writes.keys()).toBe(1)
})

it('takes the newest key of a pid that was given again', async () => {
  const folder = join(testFolder('claude-keys-'), 'sessions')
  mkdirSync(folder)
  for (const [name, token, at] of [['5.aa.key', 'old', 1], ['5.bb.key', 'new', 3], ['5.cc.key', 'older', 2], ['51.aa.key', 'other', 9]] as const) {
    writeFileSync(join(folder, name), JSON.stringify({ peerToken: token }))
    utimesSync(join(folder, name), at, at)
  }
  expect(await readPeerToken(folder, 5)).toBe('new')
  expect(await readPeerToken(folder, 6)).toBeNull()
})
