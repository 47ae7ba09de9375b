import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bridge } from './bridge.ts'
import { judge } from './expectation.ts'
import { edgesOf, reachOf, type Edge } from './reach.ts'
import type { Agent, Team } from './team.ts'

const agent = (project: string, id: string, more: Partial<Agent> = {}): Agent => ({ address: `${project}:${id}`, project, id, role: 'worker', canDm: [], canBroadcast: [], reportsTo: null, ...more }) as unknown as Agent
const team = {
  projects: [
    {
      id: 'web',
      channels: [{ project: 'web', name: 'all', members: ['web:lead', 'web:writer', 'web:deploy'], wildcard: true }],
      agents: [
        agent('web', 'lead', { role: 'manager', canDm: ['web:writer'], canBroadcast: ['all'] }),
        agent('web', 'writer', { reportsTo: 'web:lead' }),
        agent('web', 'deploy', { canDm: ['web:lead'] }),
      ],
    },
    { id: 'ops', channels: [], agents: [agent('ops', 'lead', { role: 'manager', canDm: ['ops:dev'] }), agent('ops', 'dev')] },
  ],
} as unknown as Team
const bridge: Bridge = { id: 'b', n: 3, a: 'web:lead', b: 'ops:lead', topic: 't', oneWay: true, openedBy: 'user', openedAt: 0, expiresAt: 1, closedAt: null, closedBy: null, after: 0 }

const graph = (bridges: Bridge[] = []) => {
  const edges = edgesOf(team, bridges)
  return { edges, reach: reachOf(edges) }
}

describe('the graph of a team', () => {
  it('holds what the rules allow, each with all its ways', () => {
    expect(graph().edges).toEqual([
      { from: 'web:lead', to: 'web:writer', ways: ['dm', '#all'] },
      { from: 'web:lead', to: 'web:deploy', ways: ['#all'] },
      { from: 'web:writer', to: 'web:lead', ways: ['escalate'] },
      { from: 'web:deploy', to: 'web:lead', ways: ['dm'] },
      { from: 'ops:lead', to: 'ops:dev', ways: ['dm'] },
    ])
    expect(graph([bridge]).edges).toContainEqual({ from: 'web:lead', to: 'ops:lead', ways: ['bridge:3'] })
  })

  it('tells the shortest way through others, and whether it needs a bridge', () => {
    const { reach } = graph([bridge])
    expect(reach).toContainEqual({ from: 'web:writer', to: 'web:deploy', path: ['web:writer', 'web:lead', 'web:deploy'], bridged: false })
    expect(reach).toContainEqual({ from: 'web:writer', to: 'ops:dev', path: ['web:writer', 'web:lead', 'ops:lead', 'ops:dev'], bridged: true })
    expect(reach.filter(({ from }) => from.startsWith('ops:'))).toEqual([{ from: 'ops:lead', to: 'ops:dev', path: ['ops:lead', 'ops:dev'], bridged: false }])
  })

  it('finds a way exactly where one is', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const pair = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)).filter(([from, to]) => from !== to)
    fc.assert(
      fc.property(fc.uniqueArray(pair, { selector: (each) => each.join(' '), maxLength: 12 }), (pairs) => {
        const edges: Edge[] = pairs.map(([from, to]) => ({ from, to, ways: ['dm'] }))
        const joined = new Set(pairs.map((each) => each.join(' ')))
        for (const via of names) for (const from of names) for (const to of names) if (joined.has(`${from} ${via}`) && joined.has(`${via} ${to}`)) joined.add(`${from} ${to}`)
        const found = reachOf(edges)
        expect(new Set(found.map(({ from, to }) => `${from} ${to}`))).toEqual(new Set([...joined].filter((each) => each[0] !== each[2])))
        for (const { path } of found) for (const [at, to] of path.slice(1).entries()) expect(edges).toContainEqual({ from: path[at], to, ways: ['dm'] })
      }),
    )
  })
})

describe('expectations', () => {
  it.each<[string, boolean, string]>([
    ['writer can never reach deploy', false, 'web:writer → web:lead → web:deploy'],
    ['writer can never dm deploy', true, ''],
    ['web:lead  can broadcast on #all', true, ''],
    ['writer can broadcast on all', false, 'there is no way from web:writer to web#all'],
    ['writer can escalate to web:lead', true, ''],
    ['deploy can escalate to web:lead', false, 'there is no way'],
    ['* can never reach ops:dev', false, 'ops:lead → ops:dev'],
    ['web:* can never reach ops:*', true, ''],
    ['web:lead can dm writer', true, ''],
    ['web:lead can dm deploy', false, 'no way'],
  ])('%s', (sentence, ok, why) => {
    expect(judge(team, graph(), sentence)).toMatchObject({ ok, why: expect.stringContaining(why) as string })
  })

  it('count open bridges', () => {
    expect(judge(team, graph([bridge]), 'web:* can never reach ops:*')).toMatchObject({ ok: false, why: 'web:lead → ops:lead (over a bridge)' })
    expect(judge(team, graph([bridge]), 'web:lead can dm ops:lead')).toMatchObject({ ok: true })
  })

  it.each(['writer reaches deploy', 'writer can fly to deploy', 'a b c', ''])('says how one is written: %j', (sentence) => {
    expect(() => judge(team, graph(), sentence)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('names nobody that is not there', () => {
    for (const sentence of ['wirter can reach deploy', 'wbe:* can reach deploy', 'writer can broadcast on #al']) expect(() => judge(team, graph(), sentence)).toThrow(expect.objectContaining({ code: 'unknown' }))
  })
})
