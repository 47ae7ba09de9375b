import { describe, expect, it } from 'vitest'
import { canDm, trustOf } from './acl.ts'
import { bridgeState, checkBridge, spans, type Bridge } from './bridge.ts'
import type { Agent, Team } from './team.ts'

const agent = (project: string, id: string, role: Agent['role'], list: string[] = []): Agent => ({ address: `${project}:${id}`, project, id, role, canDm: list, canBroadcast: [], reportsTo: null }) as unknown as Agent
const lead = agent('p', 'lead', 'manager', ['p:dev'])
const second = agent('p', 'second', 'manager')
const dev = agent('p', 'dev', 'worker', ['p:lead'])
const boss = agent('q', 'boss', 'manager')
const hand = agent('q', 'hand', 'worker')
const team = { projects: [{ id: 'p', agents: [lead, second, dev], channels: [] }, { id: 'q', agents: [boss, hand], channels: [] }] } as unknown as Team
const bridge: Bridge = { id: 'b', n: 1, a: 'p:lead', b: 'q:boss', topic: 't', oneWay: false, openedBy: 'user', openedAt: 0, expiresAt: 1, closedAt: null, closedBy: null, after: 0 }

describe('a bridge', () => {
  it('is itself the permission for its two ends, whatever can_dm lists, and for nobody else', () => {
    expect(canDm(team, 'p:lead', boss, [bridge])).toEqual({ ok: true, recipients: ['q:boss'], bridge })
    expect(canDm(team, 'q:boss', lead, [bridge])).toMatchObject({ ok: true, bridge })
    for (const [from, to] of [[dev, boss], [second, boss], [lead, hand], [boss, second], [boss, dev], [hand, lead]] as const) {
      expect(canDm(team, from.address, to, [bridge]), `${from.address} > ${to.address}`).toMatchObject({ ok: false, why: expect.stringContaining('projects are isolated') })
    }
    expect(canDm(team, 'p:lead', boss)).toMatchObject({ ok: false, hint: expect.stringContaining('troupe bridge open --from p:lead --to q:boss') })
    expect(trustOf(team, 'p:lead', boss)).toBe('bridged')
  })

  it('leads one way where it was opened so', () => {
    const oneWay = { ...bridge, oneWay: true }
    expect([spans(oneWay, 'p:lead', 'q:boss'), spans(oneWay, 'q:boss', 'p:lead')]).toEqual([true, false])
    expect(canDm(team, 'q:boss', lead, [oneWay])).toMatchObject({ ok: false, why: 'q:boss may not write to p:lead: bridge 1 leads only the other way' })
  })

  it('permits nothing to an agent that is a manager no longer', () => {
    const demoted = { projects: [{ id: 'p', agents: [{ ...lead, role: 'worker' }] }, { id: 'q', agents: [boss] }] } as unknown as Team
    expect(canDm(demoted, 'p:lead', boss, [bridge])).toMatchObject({ ok: false })
  })

  it('joins managers of different projects, and no two twice', () => {
    checkBridge(lead, boss, false, [])
    expect(() => checkBridge(lead, hand, false, [])).toThrow(expect.objectContaining({ code: 'denied', message: expect.stringContaining('q:hand is a worker') as string }))
    expect(() => checkBridge(lead, second, false, [])).toThrow(expect.objectContaining({ code: 'denied', message: expect.stringContaining('of one project') as string }))
    expect(() => checkBridge(boss, lead, false, [bridge])).toThrow(expect.objectContaining({ code: 'conflict' }))
    checkBridge(lead, boss, false, [{ ...bridge, oneWay: true }])
    expect(() => checkBridge(lead, boss, true, [{ ...bridge, oneWay: true }])).toThrow(expect.objectContaining({ code: 'conflict' }))
  })

  it('tells how it ended', () => {
    expect([bridge, { ...bridge, closedAt: 1, closedBy: 'user' }, { ...bridge, closedAt: 1, closedBy: 'expiry' }].map(bridgeState)).toEqual(['open', 'closed', 'expired'])
  })
})
