import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { processesCarrying } from '../../scripts/demo/left-over.ts'
import { Person } from './person.ts'
import { dist, kill, patiently, type Explained, type Row } from './troupe.ts'

const read = [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { text: 'ok' }]
const writes = { tool: 'Write', args: { file_path: '{1}', content: '# Standup — shop\n\n## lead — done' } }
const reporting = { lead: [{ when: '/the file (\\S+), as Markdown/s', do: [writes, ...read] }, { otherwise: read }], '*': [{ otherwise: read }] }

interface Team { name: string; state: string; provider: string; current: boolean; root: string }
interface Sent { n: number; id: string; deliveries: { to: string; state: string; proof: string | null }[] }

/** Adds workers to a team that `new` made: it is an ordinary one. */
async function hire(person: Person, team: string, workers: string[]): Promise<void> {
  const file = join(person.root(team), 'projects', `${team}.yaml`)
  const lines = workers.map((name) => `  ${name}: {runtime: scripted, can_dm: [lead]}\n`)
  writeFileSync(file, readFileSync(file, 'utf8').replace('workers: {}', `workers:\n${lines.join('')}`))
  await person.ok('-T', team, 'up')
}

async function states(person: Person): Promise<Record<string, string>> {
  return Object.fromEntries((await person.json<Team[]>('list')).map(({ name, state }) => [name, state]))
}

it('a team from one command line is an ordinary team: it hears what is said to it, has a name, stops, starts and goes', async () => {
  const person = new Person()
  const made = await person.json<Record<string, unknown>>('new', 'shop', '-p', 'scripted', '--rehearsal', person.scenario(reporting), '--max-workers', '3')
  expect(made).toMatchObject({ name: 'shop', provider: 'scripted', maxWorkers: 3, cwd: person.work, root: person.root('shop'), current: true })
  expect(await person.json<Team[]>('list')).toMatchObject([{ name: 'shop', state: 'running', provider: 'scripted', current: true }])

  const sent = await person.json<Sent>('do the thing')
  expect(sent.deliveries).toMatchObject([{ to: 'shop:lead', state: expect.stringMatching(/^(delivered|acked)/), proof: expect.any(String) }])
  // agentic-team #17: flags before a bare prompt made it an unknown command.
  for (const args of [['-T', 'sh', '--json', 'do the next thing'], ['--json', '--', '-v is broken'], ['--json', 'prompt', 'status']]) expect((await person.run(...args)).code, args.join(' ')).toBe(0)
  expect((await person.with({ env: { TEAM_NAME: 'shop' }, input: 'from a pipe\n' }, '-')).code).toBe(0)
  const said = (await person.json<{ from: string; text: string }[]>('mail')).filter(({ from }) => from === 'user').map(({ text }) => text)
  expect(said.toReversed()).toEqual(['do the thing', 'do the next thing', '-v is broken', 'status', 'from a pipe'])

  // agentic-team #11, #12, #13, #34: leading dashes, line breaks and length changed or broke what was said.
  const long = `-t first line\n\n  second\tline; $(touch MARK) \`touch MARK\` 'quoted'\n${'a word and another '.repeat(2000)}end`
  const { n } = JSON.parse((await person.with({ input: long }, '--json', '-')).stdout) as Sent
  expect((await person.json<Explained>('explain', 'message', String(n))).text).toBe(long)
  expect(readdirSync(person.work)).toEqual([])

  expect(await person.run('stauts')).toMatchObject({ code: 2, stderr: expect.stringContaining('troupe status; to say it to the lead: troupe prompt stauts') })
  expect(await person.run('new', 'shop', '-p', 'scripted')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is a team "shop" already') })

  // agentic-team #31: it gave up on a lead that was idle for a moment, and the question came as twenty lines.
  expect(await person.ok('standup')).toBe('# Standup — shop\n\n## lead — done\n')
  const [kept = ''] = readdirSync(join(person.root('shop'), 'state/standups'))
  expect(readFileSync(join(person.root('shop'), 'state/standups', kept), 'utf8')).toContain('## lead — done')
  expect(readdirSync(person.work)).toEqual([])

  await person.ok('stop')
  expect(await states(person)).toEqual({ shop: 'stopped' })
  // agentic-team #36: a lead that is gone was told as active.
  expect(await person.json('status')).toMatchObject([{ name: 'lead', status: 'stopped', incarnation: null }])
  expect(await person.run('standup')).toMatchObject({ code: 1, stderr: expect.stringContaining('the lead shop:lead is not running') })
  expect(await person.run('for later')).toMatchObject({ code: 0, stdout: expect.stringContaining('queued'), stderr: expect.stringContaining('The lead is not running') })
  await person.ok('up')
  await vi.waitFor(async () => expect(await person.json<{ text: string; state: string }[]>('mail')).toContainEqual(expect.objectContaining({ text: 'for later', state: expect.stringContaining('acked') })), patiently)
  expect(await person.run('delete', 'shop')).toMatchObject({ code: 2, stderr: expect.stringContaining('troupe delete shop -y') })
  await person.ok('delete', 'shop', '-y')
  expect(await states(person)).toEqual({})
  expect(existsSync(person.root('shop'))).toBe(false)
  // agentic-team #37: each team left a file in the temporary folder. No process either.
  expect(await processesCarrying(person.root('shop'))).toEqual([])
})

it('a team whose name begins another’s is never taken for it (agentic-team #1)', async () => {
  const person = new Person()
  const scenario = person.scenario({ '*': [{ otherwise: read }] })
  await person.ok('new', 'web', '-p', 'scripted', '--rehearsal', scenario)
  await person.ok('new', 'web2', '-p', 'scripted', '--rehearsal', scenario)
  expect(await person.json<Team[]>('list')).toMatchObject([{ name: 'web', current: false }, { name: 'web2', current: true }])
  const { incarnation } = (await person.json<Row[]>('-T', 'web2', 'ps'))[0]!
  await person.ok('stop', 'web')
  await person.ok('stop', 'web')
  expect(await states(person)).toEqual({ web: 'stopped', web2: 'running' })
  expect(await person.json('-T', 'web', 'status')).toMatchObject([{ agent: 'web:lead', status: 'stopped' }])
  expect(await person.run('-T', 'web', 'only for web')).toMatchObject({ code: 0, stdout: expect.stringContaining('web:lead: queued') })
  expect((await person.json<{ from: string }[]>('-T', 'web2', 'mail', '--all')).filter(({ from }) => from === 'user')).toEqual([])
  expect((await person.run('new', 'web')).code).toBe(1)
  expect((await person.json<Row[]>('-T', 'web2', 'ps'))[0]?.incarnation).toBe(incarnation)
  // Naming one for a single command does not make it the current one.
  expect((await person.json<Team[]>('list')).find(({ current }) => current)?.name).toBe('web2')
  await person.ok('use', 'web')
  expect((await person.json<Team[]>('list')).find(({ current }) => current)?.name).toBe('web')
  expect(await person.run('-T', 'we', 'ps')).toMatchObject({ code: 4, stderr: expect.stringContaining('web, web2') })
})

it('a worker whose name begins another’s is never taken for it, and none dies for its neighbour (agentic-team #2, #3, #27)', async () => {
  const person = new Person()
  await person.ok('new', 'shop', '-p', 'scripted', '--rehearsal', person.scenario({ '*': [{ otherwise: read }] }))
  await hire(person, 'shop', ['fix-auth', 'fix', 'test-long', 'test', 'Upper'])
  const phases = async (): Promise<Record<string, string>> => Object.fromEntries((await person.json<(Row & { name: string; status: string })[]>('status')).map(({ name, status }) => [name, status]))
  await person.ok('kill', 'fix')
  await person.ok('stop-worker', 'fix')
  expect(await phases()).toMatchObject({ 'fix-auth': 'idle', fix: 'stopped' })
  for (const [name, to] of [['test', 'shop:test'], ['test-', 'shop:test-long'], ['Upper', 'shop:Upper'], ['upper', 'shop:Upper']]) expect(await person.ok('send-to-worker', name!, 'hi'), name).toContain(`→ ${to}: `)
  const refused = await person.run('send', 'te', 'hi')
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('shop:test-long, shop:test') })
  expect(await person.run('stop-worker', 'nobody')).toMatchObject({ code: 4, stderr: expect.stringContaining('nobody') })
  expect(await person.run('stop', 'f')).toMatchObject({ code: 4 })

  // agentic-team #18, #23, #25: one line hid the live pane, a stranger's name was no error, and the launch was in the log.
  const logs = await person.ok('logs', '-n', '5')
  expect(logs.match(/^━━ shop:[\w-]+ {2}\w+ ━━$/gm)).toHaveLength(6)
  expect(logs.match(/── screen now ──/g)).toHaveLength(5)
  expect(logs).not.toContain('--system')
  expect(await person.run('logs', 'nosuch')).toMatchObject({ code: 4, stdout: '', stderr: expect.not.stringMatching(/Warning|^\s+at /m) })
  expect((await person.ok('logs', 'test', '-a')).match(/━━/g)).toBeNull()
})

it('what is said to an agent that is gone reaches no shell (agentic-team #5, #35)', async () => {
  const person = new Person()
  await person.ok('new', 'shop', '-p', 'scripted', '--rehearsal', person.scenario({ '*': [{ otherwise: read }] }))
  await hire(person, 'shop', ['done'])
  const { pid } = await person.json<{ pid: number }>('inspect', 'done')
  await person.ok('stop', 'done')
  await person.ok('kill', 'lead')
  const mark = join(person.work, 'MARK')
  expect(await person.run(`hello; touch ${mark}`)).toMatchObject({ code: 0, stdout: expect.stringContaining('queued') })
  expect((await person.run('send', 'done', `touch ${mark}`)).stdout).toContain('queued')
  expect(existsSync(`/proc/${pid}`)).toBe(false)
  await person.ok('start', 'lead', 'done')
  await vi.waitFor(async () => expect((await person.json<{ state: string }[]>('mail', '--all')).every(({ state }) => state.startsWith('acked'))).toBe(true), patiently)
  expect(existsSync(mark)).toBe(false)
})

it('a team that does not come up is taken away whole, and says why without a trace (agentic-team #16)', async () => {
  const person = new Person()
  const unknown = await person.run('new', 'shop', '-p', 'scripted', '--rehearsal', 'no-such-scenario')
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no scenario "no-such-scenario"') })
  expect(existsSync(join(person.home, '.troupe/teams'))).toBe(false)
  const bare = await person.with({ env: { PATH: '/nonexistent' } }, 'new', 'shop', '-p', 'scripted')
  expect(bare).toMatchObject({ code: 1, stderr: expect.stringContaining('install tmux') })
  expect(existsSync(join(person.home, '.troupe/teams'))).toBe(false)
  // No lead is ready this fast.
  const { code, stderr } = await person.run('new', 'shop', '-p', 'scripted', '--timeout', '1ms')
  expect([1, 5]).toContain(code)
  expect(stderr).toContain('shop:lead')
  expect(stderr).toContain('was taken away again')
  expect(stderr).not.toMatch(/^\s+at |Traceback/m)
  expect(readdirSync(join(person.home, '.troupe/teams'))).toEqual([])
  expect(await person.json('list')).toEqual([])
  expect(await processesCarrying(person.folder)).toEqual([])
})

it('kill -9 in the middle of new leaves a whole team or none, which the next commands work with', async () => {
  const person = new Person()
  const scenario = person.scenario({ '*': [{ otherwise: read }] })
  const teams = join(person.home, '.troupe/teams')
  for (const [at, until] of [() => existsSync(join(person.home, '.troupe')), () => existsSync(teams) && readdirSync(teams).length > 0, () => existsSync(join(person.root('t2'), 'state/run'))].entries()) {
    const child = spawn(process.execPath, [join(dist, 'troupe.cjs'), 'new', `t${at}`, '-p', 'scripted', '--rehearsal', scenario], { cwd: person.work, env: person.env, stdio: 'ignore' })
    const over = new Promise((resolve) => child.once('exit', resolve))
    await vi.waitFor(() => expect(until()).toBe(true), { timeout: 60_000, interval: 1 })
    child.kill('SIGKILL')
    await over
    for (const { name, state } of await person.json<Team[]>('list')) expect(['running', 'stopped'], name).toContain(state)
    if ((await person.json<Team[]>('list')).some(({ name }) => name === `t${at}`)) {
      expect((await person.run('-T', `t${at}`, 'validate')).code).toBe(0)
      await person.ok('-T', `t${at}`, 'up')
      await person.ok('delete', `t${at}`, '-y')
    }
  }
  await person.ok('new', 'last', '-p', 'scripted', '--rehearsal', scenario)
  expect(readdirSync(teams)).toEqual(['last'])
})

it('teams that are made at the same time are all there (agentic-team #4)', async () => {
  const person = new Person()
  const scenario = person.scenario({ '*': [{ otherwise: read }] })
  const made = await Promise.all(['a1', 'a2', 'a3'].map(async (name) => await person.run('new', name, '-p', 'scripted', '--rehearsal', scenario)))
  expect(made.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(await states(person)).toEqual({ a1: 'running', a2: 'running', a3: 'running' })
  const contexts = await person.json<{ name: string }[]>('context', 'ls')
  expect(contexts.map(({ name }) => name).toSorted()).toEqual(['a1', 'a2', 'a3'])
})

it('stop with a name that a team and an agent have ends neither', async () => {
  const person = new Person()
  const scenario = person.scenario({ '*': [{ otherwise: read }] })
  await person.ok('new', 'api', '-p', 'scripted', '--rehearsal', scenario)
  await person.ok('new', 'shop', '-p', 'scripted', '--rehearsal', scenario)
  await hire(person, 'shop', ['api'])
  expect(await person.run('stop', 'api')).toMatchObject({ code: 2, stderr: expect.stringContaining('the agent shop:api or the team api') })
  expect(await states(person)).toEqual({ api: 'running', shop: 'running' })
  await person.ok('stop', 'shop:api')
  expect((await person.json<(Row & { name: string })[]>('status')).find(({ name }) => name === 'api')?.phase).toBe('stopped')
})

it('all terminals at once: in tiles, nobody’s moved or resized, newcomers added, nothing left after kill -9, from inside tmux (agentic-team #27, #32)', async () => {
  const person = new Person()
  await person.ok('new', 'shop', '-p', 'scripted', '--rehearsal', person.scenario({ '*': [{ otherwise: read }] }))
  await hire(person, 'shop', ['aa', 'bb'])
  const [row] = await person.json<Row[]>('ps')
  const server = row!.attach!.slice(0, row!.attach!.indexOf('attach'))
  const tmux = async (...args: string[]): Promise<string> => (await run([...server, ...args])).stdout.trim()
  const sizes = async (): Promise<string[]> => (await tmux('list-windows', '-a', '-F', '#{session_name} #{window_width}x#{window_height}')).split('\n').filter((line) => line.startsWith('a-')).toSorted()
  const tiles = async (): Promise<string[]> => (await tmux('list-panes', '-s', '-t', '=_troupe-multi-shop', '-F', '#{@troupe_shown}')).split('\n').filter((line) => line !== '').toSorted()
  const before = await sizes()

  const outer = (...args: string[]) => run(['tmux', '-f', '/dev/null', '-S', join(person.folder, 'outer.sock'), ...args], { env: person.env, cwd: person.work })
  onTestFinished(async () => void (await outer('kill-server')))
  const command = [process.execPath, join(dist, 'troupe.cjs'), '-T', 'shop', 'attach', '--multi']
  await outer('new-session', '-d', '-x', '150', '-y', '45', ...command)
  await vi.waitFor(async () => expect(await tiles()).toEqual(['shop:aa', 'shop:bb', 'shop:lead']), patiently)
  await vi.waitFor(async () => expect(await tmux('list-clients', '-t', '=_troupe-multi-shop', '-F', '#{client_pid}')).toMatch(/^\d+$/), patiently)
  await vi.waitFor(async () => expect((await outer('capture-pane', '-p')).stdout).toMatch(/shop:aa[\s\S]*scripted agent shop:/), patiently)
  expect(await sizes()).toEqual(before)

  await person.ok('stop-worker', 'bb')
  await vi.waitFor(async () => expect(await tiles()).toEqual(['shop:aa', 'shop:lead']), patiently)
  expect((await person.json<(Row & { name: string; status: string })[]>('status')).map(({ name, status }) => `${name} ${status}`)).toEqual(['lead idle', 'aa idle', 'bb stopped'])
  await person.ok('start', 'bb')
  const then = await sizes()
  await outer('new-window', ...command)
  await vi.waitFor(async () => expect(await tiles()).toEqual(['shop:aa', 'shop:bb', 'shop:lead']), patiently)

  for (const pid of (await tmux('list-clients', '-t', '=_troupe-multi-shop', '-F', '#{client_pid}')).split('\n')) kill(Number(pid))
  await vi.waitFor(async () => expect(await tmux('list-sessions', '-F', '#{session_name}')).not.toContain('multi'), patiently)
  await vi.waitFor(async () => expect(await tmux('show-options', '-w', '-t', '=a-shop-lead:', 'window-size')).toBe(''), patiently)
  expect(await sizes()).toEqual(then)
  expect(await tmux('show-hooks', '-g')).not.toContain('7000')
  expect((await person.json<Row[]>('ps')).map(({ phase }) => phase)).toEqual(['idle', 'idle', 'idle'])
})

it('what new is asked for reaches the files: worktrees only in a repository', async () => {
  const person = new Person()
  expect(await person.run('new', 'shop', '-p', 'scripted', '--worktree', '--cwd', '/')).toMatchObject({ code: 2, stderr: expect.stringContaining('lies in no git repository') })
  mkdirSync(join(person.work, 'repo'))
  await run(['git', 'init', '-q', join(person.work, 'repo')])
  await person.ok('new', 'shop', '-p', 'scripted', '--rehearsal', 'hello', '--worktree', '-w', 'repo')
  const compose = readFileSync(join(person.root('shop'), 'team-compose.yaml'), 'utf8')
  expect(compose).toContain('worktree_isolation: true')
  expect((await person.json<{ cwd: string }>('inspect', 'lead')).cwd).toBe(join(person.work, 'repo'))
})
