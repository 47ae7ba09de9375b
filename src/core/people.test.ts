import type { ReactionTypeEmoji } from 'grammy/types'
import { expect, test } from 'vitest'
import { addresseeOf, gatewaysFor, isAuthorised, quietUntil, readCommand, readIds, staffOf } from './people.ts'
import { paceWait, paced } from './pace.ts'
import { reactionOf, reactions } from './reactions.ts'
import type { Agent, GatewaySettings, QuietHours, Team } from './team.ts'

const agent = (id: string, role: Agent['role'], reportsTo: string | null = null) => ({ address: `p:${id}`, id, project: 'p', role, reportsTo }) as Agent
const gateway = (id: string, manager: string | null) => ({ id, manager }) as GatewaySettings
const agents = [agent('boss', 'manager'), agent('lead', 'manager', 'p:boss'), agent('dev', 'worker', 'p:lead'), agent('loner', 'worker')]
const team = (gateways: GatewaySettings[]) => ({ projects: [{ id: 'p', agents }], gateways }) as unknown as Team
const ids = (all: { id: string }[]) => all.map(({ id }) => id)

test('nobody speaks without a known chat and a known person', () => {
  const group = { id: '-100', kind: 'group' } as const
  const own = (id: string) => ({ id, kind: 'private' }) as const
  const by = (id: string) => ({ id, name: 'x' })
  const known = { chats: ['42', '-100'], users: ['7'] }
  expect(isAuthorised(known, { chat: own('42'), user: by('42') })).toBe(true)
  expect(isAuthorised(known, { chat: group, user: by('42') })).toBe(true)
  expect(isAuthorised(known, { chat: group, user: by('7') })).toBe(true)
  for (const [chat, user] of [[group, by('66')], [own('66'), by('66')], [own('7'), by('7')], [group, null], [group, by('-100')], [own('42'), by('66')]] as const) {
    expect(isAuthorised(known, { chat, user }), `${chat.id} ${user?.id}`).toBe(false)
  }
  expect(isAuthorised({ chats: [], users: ['42'] }, { chat: own('42'), user: by('42') })).toBe(false)
  expect(readIds(' 42, -100;7\n42 ')).toEqual(['42', '-100', '7'])
})

test('a question reaches the nearest manager up the chain, the whole team’s people, and never nobody', () => {
  const [all, boss, lead] = [gateway('all', null), gateway('boss', 'p:boss'), gateway('lead', 'p:lead')]
  expect(ids(gatewaysFor(team([all, boss, lead]), 'p:dev'))).toEqual(['all', 'lead'])
  expect(ids(gatewaysFor(team([boss]), 'p:dev'))).toEqual(['boss'])
  expect(ids(gatewaysFor(team([boss, lead]), 'p:loner'))).toEqual(['boss', 'lead'])
  expect(ids(gatewaysFor(team([all, boss]), 'p:loner'))).toEqual(['all'])
  expect(gatewaysFor(team([]), 'p:dev')).toEqual([])
  expect(ids(staffOf(team([]), lead))).toEqual(['lead', 'dev'])
  expect(ids(staffOf(team([]), boss))).toEqual(['boss', 'lead', 'dev'])
  expect(ids(staffOf(team([]), all))).toEqual(['boss', 'lead', 'dev', 'loner'])
  expect([addresseeOf(team([]), lead)?.id, addresseeOf(team([]), all)]).toEqual(['lead', null])
})

test.each([
  ['2026-01-15T21:30:00Z', '22:00', '07:00', 'Europe/Berlin', '2026-01-16T06:00:00Z'],
  ['2026-01-15T20:59:59Z', '22:00', '07:00', 'Europe/Berlin', null],
  ['2026-07-15T20:30:00Z', '22:00', '07:00', 'Europe/Berlin', '2026-07-16T05:00:00Z'],
  ['2026-01-16T05:59:59Z', '22:00', '07:00', 'Europe/Berlin', '2026-01-16T06:00:00Z'],
  ['2026-01-16T06:00:00Z', '22:00', '07:00', 'Europe/Berlin', null],
  ['2026-01-15T12:30:00Z', '12:00', '13:00', 'UTC', '2026-01-15T13:00:00Z'],
  ['2026-01-15T12:30:00Z', '12:00', '12:00', 'UTC', null],
])('at %s, quiet from %s to %s in %s: until %s', (at, from, to, timezone, until) => {
  const minute = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
  const quiet: QuietHours = { from: minute(from), to: minute(to), timezone, approvals: 'silent' }
  expect(quietUntil(quiet, Date.parse(at))).toBe(until === null ? null : Date.parse(until))
})

test('a command is for this bot, or for none', () => {
  expect(readCommand('/dm dev do\nit', '@b')).toEqual({ name: 'dm', rest: 'dev do\nit' })
  expect(readCommand('/Status@B', '@b')).toEqual({ name: 'status', rest: '' })
  expect(readCommand('/status@other', '@b')).toBe('foreign')
  for (const plain of ['status', 'a /status', '/', '/etc/passwd is gone', '// x']) expect(readCommand(plain, '@b'), plain).toBeNull()
})

test('reactions are those of the platform, with or without the mark of colour', () => {
  const listed: readonly ReactionTypeEmoji['emoji'][] = reactions
  expect(new Set(listed).size).toBe(73)
  expect([reactionOf('❤️'), reactionOf('👍'), reactionOf('🍕'), reactionOf('')]).toEqual(['❤', '👍', null, null])
})

test('a burst goes at once, and then no faster than allowed', () => {
  const limit = { perSecond: 2, burst: 3 }
  let pace = paced(paced(paced(undefined, limit, 0), limit, 0), limit, 0)
  expect(paceWait(pace, limit, 0)).toBe(500)
  expect(paceWait(pace, limit, 500)).toBe(0)
  pace = paced(pace, limit, 500)
  expect(paceWait(pace, limit, 500)).toBe(500)
  expect(paceWait(pace, limit, 100_000)).toBe(0)
})
