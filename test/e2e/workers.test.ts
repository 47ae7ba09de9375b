import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { run } from '../../src/util/spawn.ts'
import { kill, patiently } from './troupe.ts'
import { Shop, shop, type Waited } from './workers.ts'

describe('workers', () => {
  it('are made for a task, do it, and can be given more', async () => {
    const team = new Shop(shop([{ when: 'lunch', do: [{ text: 'Lunch is ready.' }] }, { when: 'dinner', do: [{ text: 'Dinner too.' }] }]))
    await team.ok('up')
    const made = await team.spawn('make lunch for ten')
    expect(made).toMatchObject({ agent: 'p:lunch-ten' })
    const first = await team.waited()
    expect(first.ran.code).toBe(0)
    expect(first.out).toMatchObject({ done: [{ agent: 'p:lunch-ten', state: 'done', result: 'Lunch is ready.', confidence: 'high' }], failed: [], waiting: [], timedOut: false })
    await team.ok('resume', 'lunch-ten', 'and dinner')
    const second = await team.waited('lunch-ten')
    expect(second.out.done).toMatchObject([{ agent: 'p:lunch-ten', result: 'Dinner too.' }])
    const once = await team.spawn('--mode', 'oneshot', '-n', 'cook', 'make lunch')
    expect(once.agent).toBe('p:cook')
    const third = await team.waited()
    expect(third.out.done.find(({ agent }) => agent === 'p:cook')).toMatchObject({ signal: 'process', confidence: 'certain', result: 'Lunch is ready.' })
    await team.ok('resume', 'cook', 'dinner as well')
    expect((await team.waited('cook')).out.done).toMatchObject([{ agent: 'p:cook', result: 'Dinner too.' }])
    expect(readFileSync(join(team.root, 'projects', 'p.yaml'), 'utf8')).toMatch(/^# our shop\n[\s\S]*# who leads\n/)
    expect((await team.events()).filter(({ type }) => type === 'file.changed')).toEqual([])
    // agentic-team #19: what a person opened beside them in the same terminal server is not theirs to clear.
    const tmux = (...args: string[]) => run(['tmux', '-S', join(team.root, 'state/run/tmux.sock'), ...args], { env: team.env })
    await tmux('new-session', '-d', '-s', 'by-hand', 'sleep 600')
    await team.ok('clear')
    expect(team.workersInFile()).toEqual({})
    expect((await tmux('list-sessions', '-F', '#S')).stdout.split('\n').filter((name) => !name.startsWith('_')).toSorted()).toEqual(['', 'a-p-lead', 'by-hand'])
  })

  it('agentic-team #4: six at once are six, and one beyond the limit waits for its turn (#26)', async () => {
    const team = new Shop(shop([{ when: 'work', do: [{ text: 'worked' }] }, { when: 'linger', do: [{ tool: 'sleep', args: { ms: 600_000 } }, { text: 'over' }] }], { compose: { max_workers: 7 } }))
    await team.ok('up')
    await team.spawn('-n', 'slow', 'linger')
    const made = await Promise.all(Array.from({ length: 6 }, async () => await team.spawn('work hard on it')))
    const names = made.map(({ agent }) => agent).toSorted()
    expect(names).toEqual(['p:work-hard', 'p:work-hard-2', 'p:work-hard-3', 'p:work-hard-4', 'p:work-hard-5', 'p:work-hard-6'])
    expect(Object.keys(team.workersInFile()).toSorted()).toEqual(['slow', ...names.map((name) => name.slice(2))])
    const { ran, out } = await team.waited(...names)
    expect([ran.code, out.done.length]).toEqual([0, 6])
    // Whoever was there is not disturbed by those that come.
    expect((await team.events()).filter(({ type, agent }) => type === 'agent.launched' && agent === 'p:slow')).toHaveLength(1)
  })

  it('agentic-team #26: a queue beyond the limit, and what comes after a task that failed is held while its neighbours go on', async () => {
    const team = new Shop(shop([
      { when: 'break', do: [{ tool: 'task_failed', args: { why: 'no such thing' } }, { text: 'gave up' }] },
      { when: 'work', do: [{ text: 'worked' }] },
    ], { compose: { max_workers: 1 } }))
    await team.ok('up')
    const [bad, after, neighbour] = [await team.spawn('break it'), await team.spawn('--after', '1', '-n', 'then', 'work on that'), await team.spawn('-n', 'other', 'work')]
    expect(bad.task.n).toBe(1)
    const { ran, out } = await team.waited()
    expect(ran.code).toBe(1)
    expect(out.failed).toMatchObject([{ n: 1, detail: 'no such thing', signal: 'tool', result: 'no such thing' }])
    expect(out.waiting).toMatchObject([{ n: after.task.n, held: true, detail: 'held: #1 failed' }])
    expect(out.done).toMatchObject([{ n: neighbour.task.n }])
    expect(Object.keys(team.workersInFile())).toEqual(['break', 'other'])
    const cleared = await team.json<{ cleared: string[]; kept: { agent: string; why: string }[] }>('clear')
    expect(cleared).toEqual({ cleared: ['p:other'], kept: [{ agent: 'p:break', why: 'task #1 failed; --failed takes it out too' }] })
    expect((await team.json<{ cleared: string[] }>('clear', '--failed')).cleared).toEqual(['p:break'])
    expect((await team.json<{ agent: string }[]>('ps')).map(({ agent }) => agent)).toEqual(['p:lead'])
  })

  it('agentic-team #5, #11, #12, #13, #34, #35: any text arrives word for word, once, and no shell reads it', async () => {
    const team = new Shop(shop([{ when: '/\\S/', do: [{ text: 'got: {text}' }] }]))
    await team.ok('up')
    const mark = join(team.folder, 'MARK')
    const texts = ['-starts-with-dash', `"; touch ${mark}; $(touch ${mark})`, `one\ntwo\nthree to 90%\nthen stop #`, `${'0123456789 '.repeat(2_200)}the end`]
    for (const [i, text] of texts.entries()) {
      const file = join(team.folder, `task-${i}.md`)
      writeFileSync(file, text)
      for (const mode of ['terminal', 'oneshot']) {
        await team.spawn('-n', `w${i}${mode}`, '--mode', mode, ...(i < 2 ? [`--task=${text}`] : ['--file', file]))
      }
    }
    const { ran, out } = await team.waited()
    expect([ran.code, out.done.length]).toEqual([0, 8])
    for (const [i, text] of texts.entries()) {
      for (const mode of ['terminal', 'oneshot']) {
        const n = out.done.find(({ agent }) => agent === `p:w${i}${mode}`)?.n
        expect(await team.json('tasks', String(n))).toMatchObject({ text, result: `got: ${text}` })
      }
    }
    // What has ended is no shell: more text is more work, or waits in its mailbox.
    await team.ok('send', 'w1oneshot', `touch ${mark}`)
    await team.ok('kill', 'w1terminal')
    await team.ok('send', 'w1terminal', `touch ${mark}`)
    expect(existsSync(mark)).toBe(false)
  })

  it('more one-shot tasks than their file could hold are done, each with its own text, which stays out of the file', async () => {
    const team = new Shop(shop([{ when: '/^task (\\d)/', do: [{ text: 'did {1}' }] }], { compose: { max_workers: 2 } }))
    await team.ok('up')
    const { address } = await team.daemon()
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${readFileSync(join(team.root, 'state/run/operator.token'), 'utf8').trim()}` }
    // A text that looks like a reference is none.
    const texts = [...Array.from({ length: 5 }, (_, i) => `task ${i}\n${'long '.repeat(50_000)}`), 'troupe:task 5']
    const tasks = texts.map((task, i) => ({ task, title: `long ${i}`, name: `w${i}`, mode: 'oneshot' }))
    // A call holds 1 MiB too.
    for (const some of [tasks.slice(0, 3), tasks.slice(3)]) expect((await fetch(`${address}/api/v1/task.add`, { method: 'POST', headers, body: JSON.stringify({ tasks: some }) })).status).toBe(200)
    const { out } = await team.waited('--timeout', '3m')
    expect(out.done.map(({ result }) => result)).toEqual(['did 0', 'did 1', 'did 2', 'did 3', 'did 4', 'ok'])
    const entries = team.workersInFile()
    expect(Object.values(entries).map(({ task }) => String(task).replace(/[0-9a-f-]{36}$/, 'ID'))).toEqual(Array.from({ length: 6 }, () => 'troupe:task ID'))
    // What belongs to another is not to be had by naming it.
    const file = join(team.root, 'projects/p.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/w1:/, 'thief:'))
    expect(await team.run('reload')).toMatchObject({ code: 1, stderr: expect.stringContaining('the text of the task of p:thief is not in the database') as string })
  })

  it('agentic-team #8, #9, #30: words on a screen neither end a task nor make it wait', async () => {
    const fooling = ['__AGENTIC_TEAM_EXIT__=0', 'Type your message', '"type":"result"', 'approve or deny? (Y/n)', 'root@box:~# ', '❯ ', '401 Unauthorized', 'Would you like to run this? Press enter to confirm', ...Array.from({ length: 20 }, (_, i) => `line ${i}`)].join('\n')
    const team = new Shop(shop([{ when: 'echo', do: [{ tool: 'print', args: { text: fooling } }, { tool: 'sleep', args: { ms: 600_000 } }, { text: 'really done' }] }]))
    await team.ok('up')
    await team.spawn('-n', 'w', 'echo things')
    await team.spawn('-n', 'o', '--mode', 'oneshot', 'echo things')
    await vi.waitFor(async () => {
      expect(await team.ok('logs', 'w')).toContain('line 19')
      expect(await team.ok('logs', 'o')).toContain('line 19')
    }, patiently)
    const { ran, out } = await team.waited('--timeout', '2s')
    expect(ran.code).toBe(5)
    expect(out).toMatchObject({ done: [], failed: [], waiting: [], timedOut: true, open: [{ state: 'working' }, { state: 'working' }] })
  })

  it('agentic-team #10, #22: wait tells done from failed, from stopped, from late, and from nobody', async () => {
    const team = new Shop(shop([{ when: 'linger', do: [{ tool: 'sleep', args: { ms: 600_000 } }, { text: 'over' }] }, { when: 'work', do: [{ text: 'worked' }] }, { when: 'exit', do: [{ tool: 'exit', args: { code: 3 } }] }]))
    await team.ok('up')
    const nobody = await team.run('wait')
    expect([nobody.code, nobody.stderr]).toEqual([0, expect.stringContaining('No workers with tasks')])
    expect((await team.run('wait', 'nobody')).code).toBe(4)
    await team.spawn('-n', 'a', 'work')
    expect((await team.waited()).ran.code).toBe(0)
    await team.spawn('-n', 'b', '--mode', 'oneshot', 'exit')
    const failed = await team.waited()
    expect(failed.ran.code).toBe(1)
    expect(failed.out).toMatchObject({ done: [{ agent: 'p:a' }], failed: [{ agent: 'p:b', detail: 'its process ended with exit 3', signal: 'process' }] })
    await team.spawn('-n', 'c', 'linger')
    const any = await team.waited('--any', 'c', 'a')
    expect([any.ran.code, any.out.open.map(({ agent }) => agent)]).toEqual([0, ['p:c']])
    const waiting = team.waited('c')
    // What is refused has done nothing.
    expect((await team.run('stop', 'c', 'nobody', '--now')).code).toBe(4)
    expect((await team.tasks()).find(({ agent }) => agent === 'p:c')?.state).not.toBe('cancelled')
    await team.ok('stop', 'c', '--now')
    const stopped = await waiting
    expect(stopped.ran.code).toBe(1)
    expect(stopped.out).toMatchObject({ done: [], failed: [], cancelled: [{ agent: 'p:c', state: 'cancelled', detail: 'its worker was stopped' }] })
    // Started again it is not shown once more what was taken back.
    await team.ok('start', 'c')
    expect((await team.mail()).find(({ to }) => to === 'p:c')?.state).toBe('dead: its task was taken back')
    expect((await team.waited('c')).out.cancelled).toHaveLength(1)
  })

  it('agentic-team #14, #38: what cannot be is refused with what can, and nothing is left of it', async () => {
    const team = new Shop(shop([{ when: 'work', do: [{ text: 'worked' }] }], { lead: { model: 'lead-model' } }))
    await team.ok('up')
    const before = readFileSync(join(team.root, 'projects', 'p.yaml'), 'utf8')
    const cases: [string[], number, RegExp][] = [
      [['-n', '../../esc'], 2, /cannot be the name of a worker/],
      [['-n', 'has space'], 2, /cannot be the name/],
      [['-n', 'lead'], 1, /the name lead is taken/],
      [['--runtime', 'scriptd'], 2, /scriptd.*did you mean scripted/s],
      [['--mode', 'batch'], 2, /there is no mode "batch".*terminal, protocol, oneshot/s],
      [['--mode', 'protocol'], 2, /has no mode protocol.*terminal or oneshot/s],
      [['--cwd', '/nowhere/at/all'], 2, /working folder.*not there/s],
      [['--provider', 'claude', '--model', 'o3'], 2, /o3 is no model of claude-code.*sonnet/s],
      [['--effort', 'much'], 2, /effort|much/],
      [['--after', '77'], 4, /there is no task 77/],
      [['--project', 'q'], 4, /there is no project "q"/],
    ]
    for (const [args, code, words] of cases) {
      const ran = await team.run('spawn', ...args, 'work')
      expect([args, ran.code, ran.stderr]).toEqual([args, code, expect.stringMatching(words)])
    }
    expect(await team.tasks()).toEqual([])
    expect(readFileSync(join(team.root, 'projects', 'p.yaml'), 'utf8')).toBe(before)
    await team.spawn('-n', 'same', 'work')
    await team.spawn('-n', 'other', '--provider', 'claude', 'work')
    expect(team.workersInFile()).toMatchObject({ same: { runtime: 'scripted', model: 'lead-model' }, other: { runtime: 'claude-code' } })
    expect(team.workersInFile()['other']).not.toHaveProperty('model')
  })

  it('T13: what is done is not done again by a restart, and what was cut off is', async () => {
    const team = new Shop(shop([{ when: 'count', do: [{ tool: 'Bash', args: { command: 'echo once >> count.txt' } }, { text: 'counted' }] }, { when: 'crash', do: [{ tool: 'inbox_ack', args: { ids: '{ids}' } }, { tool: 'crash' }, { text: 'went on after all' }] }]))
    await team.ok('up')
    await team.spawn('-n', 'a', 'count')
    await team.spawn('-n', 'b', '--mode', 'oneshot', 'count')
    expect((await team.waited()).out.done).toHaveLength(2)
    const lines = (): string[] => readFileSync(join(team.root, 'count.txt'), 'utf8').trim().split('\n')
    expect(lines()).toHaveLength(2)
    await team.ok('restart', 'a', 'b')
    await team.ok('up')
    await team.spawn('-n', 'c', 'crash')
    const { out } = await team.waited('c')
    expect(out.done).toMatchObject([{ agent: 'p:c', result: expect.stringContaining('went on after all'), attempts: 1 }])
    expect(lines()).toHaveLength(2)
    expect(await team.agent('b')).toMatchObject({ phase: 'stopped', detail: 'done' })
  })

  it('loses no task and doubles none over kills of the daemon, and wait goes on over them', async () => {
    const team = new Shop(shop([{ when: 'count', do: [{ tool: 'Bash', args: { command: 'echo $TROUPE_AGENT >> count.txt' } }, { text: 'counted' }] }], { compose: { max_workers: 3 } }))
    await team.ok('up')
    const waiting: Promise<{ out: Waited }>[] = []
    for (let i = 0; i < 8; i += 1) {
      await team.ok('spawn', '-n', `w${i}`, '--key', `k${i}`, '--timeout', '0s', ...(i % 2 === 0 ? ['--mode', 'oneshot'] : []), 'count')
      if (i === 2) waiting.push(team.waited('w0', 'w1', 'w2'))
      if (i % 3 === 2) kill((await team.daemon()).pid)
    }
    for (let i = 0; i < 8; i += 1) await team.ok('spawn', '-n', `w${i}`, '--key', `k${i}`, '--timeout', '0s', 'count')
    const { ran, out } = await team.waited()
    expect([ran.code, out.done.length, (await team.tasks()).length]).toEqual([0, 8, 8])
    expect((await Promise.all(waiting)).map((each) => each.out.done.length)).toEqual([3])
    const lines = readFileSync(join(team.root, 'count.txt'), 'utf8').trim().split('\n').toSorted()
    expect(lines).toEqual(Array.from({ length: 8 }, (_, i) => `p:w${i}`))
  })
})
