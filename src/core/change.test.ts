import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes, isDifference, type Side, type Standing } from './change.ts'
import { rowOf } from './change-text.ts'
import { choose, isChosen } from './choice.ts'
import { defaultLimits, defaultLoopGuard, noHitl } from './limits.ts'
import { startedWith } from './started.ts'
import { takeOver, withRights } from './take-over.ts'
import { agentsOf, findAgent, type Agent, type Project, type Team } from './team.ts'

const projectIds = ['one', 'two'] as const
const agentIds = ['a', 'b', 'c'] as const

/** Any settings of one agent, of few values each, so that two of them often agree. */
const settings = fc.record({
  role: fc.constantFrom<Agent['role']>('manager', 'worker'),
  model: fc.constantFrom(null, 'small', 'large'),
  permissionMode: fc.constantFrom<Agent['permissionMode']>('plan', 'auto', 'bypass'),
  autonomy: fc.constantFrom<Agent['autonomy']>('full', 'low_risk_only'),
  env: fc.constantFrom<string[]>([], ['KEY'], ['KEY', 'OTHER']),
  rolePrompt: fc.constantFrom<string[]>([], ['/r/roles/x.md']),
  mcps: fc.constantFrom<Agent['mcps']>({}, { git: { command: 'git-mcp', args: [], env: {} } }),
  canDm: fc.subarray([...agentIds]),
  canBroadcast: fc.subarray(['all']),
  protected: fc.boolean(),
  restart: fc.constantFrom<Agent['restart']>('always', 'never'),
})

function agent(of: string, id: string, own: Partial<Agent> = {}): Agent {
  return {
    address: `${of}:${id}`, id, project: of, role: 'worker', displayName: null, runtime: 'scripted', descriptor: null, mode: 'terminal', task: null, worktree: null, model: null, fallback: [], effort: null, rolePrompt: [],
    permissionMode: 'auto', autonomy: 'low_risk_only', canBroadcast: [], reportsTo: null, restart: 'always', onRateLimit: null, metering: null, cwd: '/w', args: [], env: [], hooks: [],
    mcps: {}, skills: [], subagents: [], ultracode: false, interfaces: { telegram: null }, budget: { dailyUsdLimit: null, runUsdLimit: null }, protected: false, canSpawn: false, spawned: false,
    ...own, canDm: (own.canDm ?? []).map((to) => (to.includes(':') ? to : `${of}:${to}`)),
  }
}

function team(projects: Project[], more: Partial<Team> = {}): Team {
  return {
    root: '/r', name: 't', broker: { type: 'sqlite', path: '/r/db' }, supervisor: { type: 'tmux', tmuxPrefix: 'a-', drainTimeoutMs: 10_000, tmuxServer: 'own' },
    limits: defaultLimits, loopGuard: defaultLoopGuard, places: {}, budget: { dailyUsdLimit: null, warnThresholdPct: null, messageTtlMs: 1, perProjectUsdLimit: {} }, hitl: noHitl,
    rateLimits: { defaultOnHit: [], fallbackWaitMs: 0, failOverAfterMs: 300_000, allowPrivate: [], hooks: [] }, interfaces: [],
    attachments: { enabled: false, maxSizeBytes: 0, allowedRoots: [], scanner: null, auditLogPath: null, tempfileTtlMs: 0 }, rehearsal: null, ...more, projects,
  } as Team
}

function project(id: string, agents: Agent[], members: string[] = []): Project {
  return { id, name: id, cwd: '/w', interfaces: null, agents, channels: members.length === 0 ? [] : [{ project: id, name: 'all', wildcard: false, members: members.map((one) => `${id}:${one}`) }] }
}

const anyProject = (id: string): fc.Arbitrary<Project> =>
  fc.tuple(fc.dictionary(fc.constantFrom(...agentIds), settings), fc.subarray([...agentIds])).map(([own, members]) => {
    const agents = Object.entries(own).map(([name, each]) => agent(id, name, each))
    return project(id, agents, members.filter((member) => agents.some((each) => each.id === member)))
  })
const anyTeam: fc.Arbitrary<Team> = fc
  .tuple(fc.subarray([...projectIds]).chain((ids) => fc.tuple(...ids.map(anyProject))), fc.boolean())
  .map(([projects, enabled]) => team(projects, { loopGuard: { ...defaultLoopGuard, enabled } }))

const side = (of: Team, files: Record<string, string> = {}, values: Record<string, string> = {}): Side => ({ team: of, started: (each) => startedWith(each, of, files, values) })
const running: Standing = { running: true, wanted: true, started: null, mail: 0 }
const all = () => running
const diff = (a: Team, b: Team) => changes(side(a), side(b), all)

describe('the difference of two teams', () => {
  it('is nothing between a team and itself', () => {
    fc.assert(
      fc.property(anyTeam, (a) => {
        expect(diff(a, structuredClone(a)).filter(isDifference)).toEqual([])
      }),
    )
  })

  it('names every agent and every setting that differs: taking over what it names gives the other team', () => {
    fc.assert(
      fc.property(anyTeam, anyTeam, (a, b) => {
        const rows = diff(a, b)
        const left = agentsOf(a).filter(({ address }) => !rows.some((row) => row.agent === address && row.action === 'stop'))
        const taken = left.map((each) => (rows.some((row) => row.agent === each.address && row.action !== 'untouched') ? findAgent(b, each.address) : each))
        const added = rows.flatMap((row) => (row.action === 'start' ? [findAgent(b, row.agent)] : []))
        const byAddress = (x: Agent | undefined, y: Agent | undefined): number => (x?.address ?? '').localeCompare(y?.address ?? '')
        const sorted = (one: Agent | undefined) => one && { ...one, canDm: one.canDm.toSorted(), canBroadcast: one.canBroadcast.toSorted() }
        expect([...taken, ...added].toSorted(byAddress).map(sorted)).toEqual(agentsOf(b).toSorted(byAddress).map(sorted))
        expect(rows.some((row) => row.agent === 'team')).toBe(a.loopGuard.enabled !== b.loopGuard.enabled)
      }),
    )
  })

  it('restarts nobody whose launch is the same, and begins a fresh conversation exactly where tools change', () => {
    fc.assert(
      fc.property(anyTeam, anyTeam, (a, b) => {
        for (const row of diff(a, b)) {
          const [before, after] = [findAgent(a, row.agent), findAgent(b, row.agent)]
          if (before === undefined || after === undefined) continue
          const launch = (each: Agent) => JSON.stringify([each.role, each.model, each.permissionMode, each.env, each.rolePrompt, each.mcps])
          expect(row.action === 'restart').toBe(launch(before) !== launch(after))
          const tools = before.permissionMode !== after.permissionMode || JSON.stringify(before.mcps) !== JSON.stringify(after.mcps)
          if (row.action === 'restart') expect(row.conversation).toBe(tools ? 'fresh' : 'resumed')
        }
      }),
    )
  })

  it('is in order: the team, who goes, then everybody of the new team as it lists them', () => {
    fc.assert(
      fc.property(anyTeam, anyTeam, (a, b) => {
        const rows = diff(a, b).filter(({ agent: name }) => name !== 'team').map((row) => row.agent)
        const gone = agentsOf(a).map(({ address }) => address).filter((address) => findAgent(b, address) === undefined)
        expect(rows).toEqual([...gone, ...agentsOf(b).map(({ address }) => address)])
      }),
    )
  })

  it('taken over for some only, leaves no difference for them and all of it for the others', () => {
    fc.assert(
      fc.property(anyTeam, anyTeam, fc.subarray(['one', 'one:a', 'two:b', 'two:c'], { minLength: 1 }), (a, b, wished) => {
        const known = new Set([...agentsOf(a), ...agentsOf(b)].map(({ address }) => address))
        const names = wished.filter((name) => known.has(name) || [a, b].some((each) => each.projects.some(({ id }) => id === name)))
        fc.pre(names.length > 0)
        const choice = choose(names, [b, a])
        const mixed = takeOver(a, b, choice)
        const chosen = (address: string): boolean => isChosen(choice, { address, project: address.slice(0, address.indexOf(':')) })
        const touched = diff(a, mixed).filter(isDifference).map((row) => row.agent)
        expect(touched.filter((address) => !chosen(address))).toEqual([])
        expect(diff(mixed, b).filter((row) => isDifference(row) && row.agent !== 'team' && chosen(row.agent))).toEqual([])
      }),
    )
  })
})

describe('whom agents may write to, where only some are chosen', () => {
  const of = (...agents: [id: string, canDm: string[]][]) => team([project('p', agents.map(([id, canDm]) => agent('p', id, { canDm: canDm.map((to) => `p:${to}`) })), [])])
  const rights = (applied: Team, files: Team, ...names: string[]) => {
    const choice = choose(names, [files, applied])
    return Object.fromEntries(agentsOf(withRights(takeOver(applied, files, choice), applied, files, choice)).map(({ id, canDm }) => [id, canDm.map((to) => to.slice(2))]))
  }
  const applied = of(['a', ['b']], ['b', ['a']])

  it('comes and goes with who is new and who leaves', () => {
    const files = of(['a', ['b', 'c']], ['b', ['a']], ['c', ['a']])
    expect(rights(applied, files, 'c')).toEqual({ a: ['b', 'c'], b: ['a'], c: ['a'] })
    expect(rights(files, applied, 'c')).toEqual({ a: ['b'], b: ['a'] })
  })

  it('stays as it was applied where more than that was changed, or nobody came', () => {
    expect(rights(applied, of(['a', ['c']], ['b', ['a']], ['c', []]), 'c').a).toEqual(['b'])
    expect(rights(applied, of(['a', []], ['b', ['a']]), 'b')).toEqual({ a: ['b'], b: ['a'] })
  })
})

describe('one change', () => {
  const base = () => project('p', [agent('p', 'a', { role: 'manager', canDm: ['b'], env: ['KEY'] }), agent('p', 'b', { reportsTo: 'p:a', rolePrompt: ['/r/roles/x.md'], subagents: ['/r/critic.md'] })], ['a'])
  const a = team([base()], { hitl: { ...noHitl, globallySensitiveActions: ['publish', 'deploy'] } })
  const change = (edit: (copy: Team) => void, after: { files?: Record<string, string>; values?: Record<string, string>; standing?: Standing } = {}) => {
    const copy = structuredClone(a)
    edit(copy)
    const files = { '/r/roles/x.md': 'one', '/r/critic.md': 'one' }
    const before = side(a, files, { KEY: 'one' })
    return changes(before, side(copy, after.files ?? files, after.values ?? { KEY: 'one' }), () => after.standing ?? running).filter(isDifference)
  }
  const at = (key: { path: (string | number)[] }): string => key.path.join('.')

  it('of an ACL restarts nobody and says what it widens', () => {
    const [row] = change((copy) => {
      const b = copy.projects[0]?.agents[1]
      b?.canDm.push('p:a')
      b?.canBroadcast.push('all')
      copy.projects[0]?.channels[0]?.members.push('p:b')
    })
    expect(row).toMatchObject({ agent: 'p:b', action: 'apply', conversation: null })
    expect(row?.widened).toEqual(['may write to p:a (can_dm)', 'may broadcast on #all (can_broadcast)', 'becomes a member of #all (channels)'])
    expect(row?.keys.map(at)).toEqual(['workers.b.can_dm', 'workers.b.can_broadcast', 'channels.0.members'])
  })

  it('that lets an agent make workers, or brings one that is asked least, says so', () => {
    const [row] = change((copy) => void Object.assign(copy.projects[0]!.agents[0]!, { canSpawn: true }))
    expect(row).toMatchObject({ agent: 'p:a', action: 'apply', widened: ['may make workers (can_spawn)'] })
    const rows = change((copy) => void copy.projects[0]!.agents.push(agent('p', 'new', { permissionMode: 'bypass', canSpawn: true })))
    expect(rows.find((each) => each.agent === 'p:new')?.widened).toEqual(['may make workers (can_spawn)', 'begins with permission_mode bypass'])
  })

  it('that narrows widens nothing', () => {
    const rows = change((copy) => {
      for (const each of copy.projects[0]?.agents ?? []) Object.assign(each, { canDm: [], reportsTo: null, permissionMode: 'plan', autonomy: 'proposal_only' })
    })
    expect(rows.flatMap((row) => row.widened)).toEqual([])
  })

  it('of what a role file holds, or of the value of a variable, restarts with the same conversation and shows no value', () => {
    const [prompt, value] = [change(() => {}, { files: { '/r/roles/x.md': 'two' } }), change(() => {}, { values: { KEY: 'two' } })]
    expect(prompt).toMatchObject([{ agent: 'p:b', action: 'restart', conversation: 'resumed' }])
    expect(rowOf(prompt[0]!, () => 'p.yaml:3', '/r').why).toBe('content of roles/x.md (p.yaml:3)')
    expect(value.map((row) => rowOf(row, () => null, '/r').why)).toEqual(['value of KEY', 'value of KEY'])
  })

  it('of what the file of a subagent holds restarts who has it, and says where it is named', () => {
    const [row] = change(() => {}, { files: { '/r/roles/x.md': 'one', '/r/critic.md': 'two' } })
    expect(row).toMatchObject({ agent: 'p:b', action: 'restart', keys: [{ key: 'file:/r/critic.md', path: ['workers', 'b', 'subagents'] }] })
  })

  it('does not count a content or a value that is not known on one side', () => {
    expect(change(() => {}, { files: {}, values: {} })).toEqual([])
  })

  it('of the team’s own settings concerns nobody’s process, and says which action is held no longer', () => {
    const until = Date.UTC(2030, 0, 1)
    const rows = change((copy) => {
      copy.hitl = { ...copy.hitl, globallySensitiveActions: ['deploy'], autoApproveWindows: [{ action: 'deploy', project: 'p', agent: null, scope: null, until }] }
    })
    expect(rows).toMatchObject([{ agent: 'team', action: 'apply' }])
    expect(rows[0]?.keys.map(({ key }) => key)).toEqual(['hitl.globally_sensitive_actions', 'hitl.auto_approve_windows'])
    expect(rows[0]?.widened).toEqual([
      'publish is not held any more (hitl.globally_sensitive_actions)',
      'deploy in p approves itself until 2030-01-01T00:00:00.000Z (hitl.auto_approve_windows)',
    ])
  })

  it('of the ways in and of what a yes needs is said to widen', () => {
    const shut = team([base()])
    const guarded = { ...shut, hitl: { ...noHitl, confirm: 'chat' as const }, attachments: { ...shut.attachments, scanner: { command: 'scan', timeoutMs: 1 } } }
    const open = { ...structuredClone(guarded), hitl: noHitl, attachments: { ...shut.attachments, enabled: true, allowedRoots: ['/in'] }, rateLimits: { ...guarded.rateLimits, allowPrivate: ['localhost'] } }
    expect(diff(guarded, open)[0]?.widened).toEqual([
      'webhooks may call localhost (rate_limits.allow_private)',
      'files may be read from /in (attachments.allowed_roots)',
      'messages may carry files (attachments.enabled)',
      'files are let in without a look at them (attachments.scanner)',
      'a yes needs no chat any more (hitl.confirm)',
    ])
    expect(diff(open, guarded)[0]?.widened).toEqual([])
  })

  it('of a name is an agent that goes and one that comes, and says so on both', () => {
    const rows = change((copy) => Object.assign(copy.projects[0]?.agents[1] ?? {}, { id: 'bea', address: 'p:bea' }), { standing: { ...running, mail: 2 } })
    expect(rows.map(({ agent: name, action }) => [name, action])).toEqual([['p:b', 'stop'], ['p:bea', 'start']])
    expect(rows[0]?.notes).toEqual(['it is not in the files any more', '2 unacknowledged messages stay in its mailbox', expect.stringContaining('renamed to p:bea')])
    expect(rows[1]?.notes.at(-1)).toContain('p:b renamed')
  })

  it('leaves an agent stopped that nobody wants to run, and counts from its next start', () => {
    const rows = change((copy) => Object.assign(copy.projects[0]?.agents[0] ?? {}, { model: 'large' }), { standing: { ...running, running: false, wanted: false } })
    expect(rows).toMatchObject([{ agent: 'p:a', action: 'apply', notes: ['it counts from its next start'] }])
  })

  it('is seen against what a process was really started with', () => {
    const started = startedWith(agent('p', 'b', { model: 'old' }), a, {}, {})
    const rows = changes(side(a), side(a), (address) => (address === 'p:b' ? { ...running, started } : running)).filter(isDifference)
    expect(rows.map(({ agent: name, action, keys }) => [name, action, keys.map(({ key }) => key)])).toEqual([['p:b', 'restart', ['model', 'role_prompt', 'subagents']]])
  })

  it('is everything where nothing is applied', () => {
    expect(changes(null, side(a), all).map(({ action }) => action)).toEqual(['start', 'start'])
  })
})
