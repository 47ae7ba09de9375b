import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { environmentOf, expectOneEach, incarnations, shellAgent } from './teams.ts'
import { kill, patiently, team, Troupe, type Mail, type Row } from './troupe.ts'

interface Change { agent: string; action: string; why: string; aclWidened: string[]; conversation: string | null }

/** "tell NAME TEXT" passes the text on; "work" takes a while; a stop is answered. */
const scenario = {
  '*': [
    { when: '/^tell (\\w+) (.+)/', do: [{ tool: 'dm', args: { to: '{1}', text: '{2}' } }, { text: 'told' }] },
    { when: '/^work (\\d+)/', do: [{ tool: 'sleep', args: { ms: '{1}' } }, { text: 'the work is done' }] },
    { when: '/^You are about to be stopped/', do: [{ tool: 'ready' }, { text: 'good-bye' }] },
    { from: 'user', do: [{ text: 'heard' }] },
  ],
}

const plan = async (troupe: Troupe, ...names: string[]): Promise<Change[]> => {
  const ran = await troupe.run('plan', ...names, '--json')
  const rows = JSON.parse(ran.stdout) as Change[]
  expect(ran.code).toBe(rows.every((row) => row.action === 'untouched') ? 0 : 1)
  return rows
}
const actions = (rows: Change[]): Record<string, string> => Object.fromEntries(rows.filter((row) => row.action !== 'untouched').map((row) => [row.agent, row.action]))
const session = async (troupe: Troupe, name: string): Promise<string> => (await troupe.json<{ session: string }>('inspect', name)).session

describe('a team that runs', () => {
  it('changes only where its files did: a permission at once, a prompt by a restart, tools with a fresh conversation, a removed agent keeps its mail', async () => {
    const files = (a: object, rest: Record<string, object>) => ({ ...team({ a: { role_prompt: 'roles/a.md', can_dm: [], ...a }, ...rest }, { scenario }), 'roles/a.md': 'You are a.' })
    const three = { b: { can_dm: [] }, c: { model: 'x', can_dm: [] } }
    const troupe = new Troupe(files({}, three))
    expect(actions(await plan(troupe))).toEqual({ 'p:a': 'start', 'p:b': 'start', 'p:c': 'start' })
    expect((await troupe.json<Row[]>('ps')).map((row) => row.phase)).toEqual(['stopped', 'stopped', 'stopped'])
    await troupe.ok('up')
    const first = await incarnations(troupe)
    expect(actions(await plan(troupe))).toEqual({})
    await troupe.ok('send', 'a', 'tell b early')
    await troupe.settled(1)

    // A permission: nobody is restarted, and it counts at once.
    troupe.write(files({ can_dm: ['b'] }, three))
    const [a] = await plan(troupe)
    expect(a).toMatchObject({ agent: 'p:a', action: 'apply', aclWidened: ['may write to p:b (can_dm)'] })
    expect(a?.why).toMatch(/^can_dm \(projects\/p\.yaml:\d+\)$/)
    expect((await troupe.run('reload', '--dry-run')).code).toBe(1)
    expect((await troupe.run('ps')).stderr).toContain('The files differ from what is applied: 1 agent would change. Try: troupe plan')
    expect(await troupe.ok('inspect', 'a')).toMatch(/differ from what is applied \(apply\): troupe plan/)
    await troupe.ok('reload')
    await troupe.ok('send', 'a', 'tell b late')
    const mail = await troupe.settled(3)
    expect(mail.filter((each) => each.from === 'p:a').map((each) => each.text)).toEqual(['late'])
    expect(await incarnations(troupe)).toEqual(first)
    expect((await troupe.run('reload')).stderr).toContain('No changes')
    expect((await troupe.run('ps')).stderr).toBe('')

    // A prompt: one is restarted, and its conversation goes on.
    const talk = await session(troupe, 'a')
    troupe.write({ 'roles/a.md': 'You are a, and careful.' })
    expect(await plan(troupe)).toMatchObject([{ agent: 'p:a', action: 'restart', conversation: 'resumed', why: expect.stringContaining('content of roles/a.md') as string }, {}, {}])
    await troupe.ok('reload')
    const second = await incarnations(troupe)
    expect(second).toEqual({ ...first, 'p:a': second['p:a'] })
    expect(second['p:a']).not.toBe(first['p:a'])
    expect(await session(troupe, 'a')).toBe(talk)

    // Tools: the same, with a fresh conversation.
    troupe.write(files({ can_dm: ['b'], permission_mode: 'plan' }, three))
    const told = await troupe.run('reload', '-v')
    expect(told.stderr).toMatch(/restart: permission_mode .*a fresh conversation: its tools change/)
    expect(await session(troupe, 'a')).not.toBe(talk)

    // Who goes keeps its mail, and finds it on coming back.
    await troupe.ok('stop', 'c')
    await troupe.ok('send', 'c', 'for later')
    troupe.write(files({ can_dm: ['b'], permission_mode: 'plan' }, { b: three.b }))
    expect(await plan(troupe)).toMatchObject([{ agent: 'p:c', action: 'stop', why: expect.stringContaining('1 unacknowledged message stays') as string }, {}, {}])
    await troupe.ok('reload')
    expect((await troupe.json<Row[]>('ps')).map((row) => row.agent)).toEqual(['p:a', 'p:b'])
    expect((await troupe.json<Mail[]>('mail', 'p:c')).map((each) => each.text)).toEqual(['for later'])
    expect((await troupe.run('mail', 'p:nobody')).code).toBe(4)
    troupe.write(files({ can_dm: ['b'], permission_mode: 'plan' }, three))
    await troupe.ok('reload')
    await vi.waitFor(async () => expect((await troupe.json<Mail[]>('mail', 'p:c')).map((each) => each.state)).toEqual(['acked']), patiently)

    // Wrong files change nothing.
    const applied = readFileSync(join(troupe.root, 'state/applied.json'), 'utf8')
    const before = await incarnations(troupe)
    troupe.write(files({ can_dm: ['nobody'] }, {}))
    expect(await Promise.all(['plan', 'reload', 'up'].map(async (verb) => (await troupe.run(verb)).code))).toEqual([2, 2, 2])
    expect(await incarnations(troupe)).toEqual(before)
    expect(readFileSync(join(troupe.root, 'state/applied.json'), 'utf8')).toBe(applied)
    const changed = (await troupe.events()).filter(({ type }) => type === 'agent.changed').map(({ agent, data }) => [agent, data['action']])
    expect(changed).toEqual([['p:a', 'apply'], ['p:a', 'restart'], ['p:a', 'restart'], ['p:c', 'stop'], ['p:c', 'start']])
  }, 300_000)

  it('ends what left its files before, and what was renamed', async () => {
    const alone = { can_dm: [] }
    const troupe = new Troupe(team({ a: alone, b: alone, gone: alone }))
    await troupe.ok('up')
    troupe.write(team({ a: alone, bea: alone }))
    const rows = await plan(troupe)
    expect(actions(rows)).toEqual({ 'p:b': 'stop', 'p:gone': 'stop', 'p:bea': 'start' })
    expect(rows.find((row) => row.agent === 'p:bea')?.why).toContain('renamed')
    await troupe.ok('down')
    await vi.waitFor(async () => expect(await troupe.leftOver()).toEqual([]), patiently)
    await troupe.ok('up')
    expect(await plan(troupe)).toHaveLength(2)

    // One that was stopped is started by `up`, with what changed meanwhile; `reload` leaves it stopped.
    const talk = await session(troupe, 'a')
    await troupe.ok('stop', 'a')
    troupe.write(team({ a: { ...alone, permission_mode: 'plan' }, bea: alone }))
    await troupe.ok('reload')
    expect(await troupe.agent('a')).toMatchObject({ phase: 'stopped' })
    troupe.write(team({ a: { ...alone, permission_mode: 'confirm' }, bea: alone }))
    await troupe.ok('up')
    expect(await troupe.agent('a')).toMatchObject({ phase: 'idle' })
    expect(await session(troupe, 'a')).not.toBe(talk)
    expect(Object.keys(await incarnations(troupe))).toEqual(['p:a', 'p:bea'])
  }, 300_000)

  it('is changed by two at once one after the other, and by the next daemon where one dies in the middle', async () => {
    // The agent takes a while to go: the daemon is killed in that time.
    const slow = shellAgent('slow', "trap 'sleep 3; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
    const files = (args: string[]) => ({ ...team({ slow: { runtime: 'slow', args }, b: {} }, { compose: { supervisor: { drain_timeout_secs: 30 } } }), ...slow })
    const troupe = new Troupe(files([]))
    await troupe.ok('up')
    const first = await incarnations(troupe)
    const { pid } = await troupe.daemon()
    troupe.write(files(['one']))
    const cut = troupe.run('reload')
    await vi.waitFor(async () => expect((await troupe.agent('slow')).phase).toBe('stopping'), patiently)
    kill(pid)
    await cut
    await vi.waitFor(async () => expect(await troupe.agent('slow')).toMatchObject({ phase: 'idle' }), patiently)
    const second = await incarnations(troupe)
    expect(second['p:slow']).not.toBe(first['p:slow'])
    expect(second['p:b']).toBe(first['p:b'])
    await expectOneEach(troupe)
    expect(actions(await plan(troupe))).toEqual({})
    expect((await troupe.daemon()).pid).not.toBe(pid)

    troupe.write(files(['two']))
    const both = await Promise.all([troupe.run('reload'), troupe.run('reload')])
    expect(both.map((each) => each.code)).toEqual([0, 0])
    const restarts = (await troupe.events()).filter(({ type, data }) => type === 'agent.changed' && data['action'] === 'restart')
    expect(restarts.map(({ agent }) => agent)).toEqual(['p:slow', 'p:slow'])
    await expectOneEach(troupe)
  }, 300_000)
})

it('sees that the value of a variable changed, restarts who gets it, and writes no value down', async () => {
  const troupe = new Troupe(team({ a: { can_dm: [], env: ['SHOP_KEY'] }, b: { can_dm: [] } }), { SHOP_KEY: 'first-of-all-values' })
  await troupe.ok('up')
  const first = await incarnations(troupe)
  troupe.env['SHOP_KEY'] = 'second-of-all-values'
  expect(await plan(troupe)).toMatchObject([{ agent: 'p:a', action: 'restart', why: expect.stringMatching(/^value of SHOP_KEY \(projects\/p\.yaml:\d+\)$/) as string }, { action: 'untouched' }])
  await troupe.ok('reload')
  const second = await incarnations(troupe)
  expect(second).toEqual({ ...first, 'p:a': second['p:a'] })
  expect(environmentOf(await troupe.pid('a'))['SHOP_KEY']).toBe('second-of-all-values')
  // From a shell that does not have it, nothing is taken away.
  delete troupe.env['SHOP_KEY']
  expect(actions(await plan(troupe))).toEqual({})
  await troupe.ok('restart', 'a')
  expect(environmentOf(await troupe.pid('a'))['SHOP_KEY']).toBe('second-of-all-values')
  for (const file of readdirSync(join(troupe.root, 'state'), { recursive: true, withFileTypes: true }).filter((each) => each.isFile())) {
    expect(readFileSync(join(file.parentPath, file.name), 'latin1'), file.name).not.toContain('of-all-values')
  }
}, 300_000)

it('takes projects and agents by name: what is not named stays as it was', async () => {
  const projects = ['one', 'two']
  const file = (id: string, model: string) => JSON.stringify({ version: 2, project: { id, name: id, cwd: '.' }, workers: Object.fromEntries(['a', 'two'].map((name) => [name, { runtime: 'scripted', model }])) })
  const files = (model: string) => Object.fromEntries(projects.map((id) => [`projects/${id}.yaml`, file(id, model)]))
  const troupe = new Troupe({ 'team-compose.yaml': JSON.stringify({ version: 2, projects: projects.map((id) => ({ file: `projects/${id}.yaml` })) }), ...files('x') })
  const phases = async () => Object.fromEntries((await troupe.json<Row[]>('ps')).map((row) => [row.agent, row.phase]))
  await troupe.ok('up', 'one')
  expect(await phases()).toEqual({ 'one:a': 'idle', 'one:two': 'idle', 'two:a': 'stopped', 'two:two': 'stopped' })
  const both = await troupe.run('up', 'two')
  expect(both.stderr).toContain('two is a project and an agent')
  const first = await incarnations(troupe)

  troupe.write(files('y'))
  await troupe.ok('reload', 'two:a')
  const second = await incarnations(troupe)
  expect(second).toEqual({ ...first, 'two:a': second['two:a'] })
  expect(second['two:a']).not.toBe(first['two:a'])
  expect(actions(await plan(troupe))).toEqual({ 'one:a': 'restart', 'one:two': 'restart', 'two:two': 'restart' })
  expect(actions(await plan(troupe, 'one'))).toEqual({ 'one:a': 'restart', 'one:two': 'restart' })

  await troupe.ok('down', 'one', 'two:a')
  expect(await phases()).toEqual({ 'one:a': 'stopped', 'one:two': 'stopped', 'two:a': 'stopped', 'two:two': 'idle' })
  expect((await troupe.daemon()).pid).toBeGreaterThan(0)
  await troupe.ok('restart', 'one')
  expect(await phases()).toMatchObject({ 'one:a': 'idle', 'one:two': 'idle', 'two:a': 'stopped' })
  for (const verb of ['up', 'down', 'reload', 'restart', 'plan']) {
    const wrong = await troupe.run(verb, 'tow')
    expect(wrong.code, verb).toBe(4)
    expect(wrong.stderr, verb).toContain('did you mean two?')
  }
}, 300_000)

describe('before an agent is ended', () => {
  it('a turn comes to its end, the agent is asked to save, and nothing new begins; an idle one is asked only where its work would be lost', async () => {
    const troupe = new Troupe(team({ a: {}, b: {} }, { scenario }))
    await troupe.ok('up')
    await troupe.ok('send', 'a', 'work 2500')
    await vi.waitFor(async () => expect((await troupe.agent('a')).phase).toBe('busy'), patiently)
    const stopping = troupe.json<{ stopped: { took: string; drain: string }[] }>('stop', 'a', '--timeout', '60s')
    await vi.waitFor(async () => expect(await troupe.agent('a')).toMatchObject({ phase: 'stopping', detail: 'at the end of its turn' }), patiently)
    await troupe.ok('send', 'a', 'tell b not now')
    expect((await stopping).stopped[0]).toMatchObject({ took: 'polite', drain: expect.stringMatching(/^(ready|turn ended)$/) as string })
    const asked = (await troupe.mail()).filter((mail) => mail.from === 'troupe')
    expect(asked.map((mail) => mail.text)).toEqual([expect.stringContaining('state/agents/p-a/context.md')])
    await troupe.ok('start', 'a')
    await vi.waitFor(async () => expect((await troupe.mail()).map((mail) => mail.text)).toContain('not now'), patiently)
    // What was meant for the run that is over was not shown to the next.
    expect((await troupe.mail()).filter((mail) => mail.from === 'troupe')).toHaveLength(1)

    const turns = async () => (await troupe.json<{ agent: string; tokens: { input: number } }[]>('usage')).find((row) => row.agent === 'p:a')?.tokens.input
    await vi.waitFor(async () => expect((await troupe.json<Row[]>('ps')).map((row) => [row.phase, row.inbox])).toEqual([['idle', 0], ['idle', 0]]), patiently)
    const before = await turns()
    await troupe.ok('restart', 'a')
    expect(await turns()).toBe(before)
    expect((await troupe.mail()).filter((mail) => mail.from === 'troupe')).toHaveLength(1)
    await troupe.ok('send', 'a', 'something to remember')
    await vi.waitFor(async () => expect((await troupe.agent('a'))).toMatchObject({ phase: 'idle', inbox: 0 }), patiently)
    await troupe.ok('restart', 'a', '--fresh')
    const saved = (await troupe.mail()).filter((mail) => mail.from === 'troupe')
    expect(saved.map((mail) => mail.state)).toEqual(['acked', expect.any(String)])
    const ends = (await troupe.events('a')).filter(({ type }) => type === 'agent.ended').map(({ data }) => data['drain'])
    expect(ends.at(-1)).toBe('ready')

    // Who is removed loses its conversation.
    await troupe.ok('send', 'b', 'work 1')
    await vi.waitFor(async () => expect(await troupe.agent('b')).toMatchObject({ phase: 'idle', inbox: 0 }), patiently)
    troupe.write(team({ a: {} }, { scenario }))
    await troupe.ok('reload', '--drain', '60s')
    const last = (await troupe.events()).filter(({ type, agent }) => type === 'agent.ended' && agent === 'p:b')
    expect(last.map(({ data }) => data['drain'])).toEqual(['ready'])
    expect((await troupe.json<Mail[]>('mail', 'p:b')).find((mail) => mail.from === 'troupe')?.state).toBe('acked')
  }, 300_000)

  it('there is no more time than was said, and none with --now or kill', async () => {
    const troupe = new Troupe(team({ a: {}, b: {}, c: {} }, { scenario, compose: { supervisor: { drain_timeout_secs: 1 } } }))
    await troupe.ok('up')
    for (const name of ['a', 'b', 'c']) await troupe.ok('send', name, 'work 600000')
    await vi.waitFor(async () => expect((await troupe.json<Row[]>('ps')).map((row) => row.phase)).toEqual(['busy', 'busy', 'busy']), patiently)
    const stop = async (...words: string[]) => (await troupe.json<{ stopped: { took: string; drain: string | null }[] }>(...words)).stopped[0]
    expect(await stop('stop', 'a')).toMatchObject({ drain: 'timed out' })
    expect(await stop('stop', 'b', '--now')).toMatchObject({ took: 'SIGKILL', drain: null })
    expect(await stop('kill', 'c')).toMatchObject({ took: 'SIGKILL', drain: null })
    expect((await troupe.run('stop', 'a', '--now', '--timeout', '1s')).code).toBe(2)
  }, 300_000)
})
