import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import { processOf, stillRuns } from '../../src/util/processes.ts'
import { run } from '../../src/util/spawn.ts'
import { isSupported } from '../../src/supervisors/tmux/server.ts'
import { previousLogs } from '../../src/supervisors/tmux/logs.ts'
import { tmux } from '../../src/supervisors/tmux/index.ts'
import { fixture, generous, launchRunning, seen, untilDead, untilGone } from './supervisor.ts'
import { tmuxStage, type TmuxStage } from './tmux-stage.ts'

const eventually = { timeout: generous, interval: 20 }
/** The same clock in a hurry: a tenth of every wait. */
const hurried: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms / 10)
    return () => clearTimeout(timer)
  },
}

describe('tmux supervisor in trouble', { timeout: 60_000 }, () => {
  let stage: TmuxStage

  afterEach(async () => await stage.end())

  async function begin(...args: Parameters<typeof tmuxStage>): Promise<void> {
    stage = await tmuxStage(...args)
    await stage.supervisor.start()
  }

  const serverPid = () => number('display-message', '-p', '#{pid}')
  const clientPid = () => number('list-clients', '-F', '#{client_pid}')

  /** Waits for a number: 0 would be this process's own group. */
  async function number(...question: string[]): Promise<number> {
    let answer = 0
    await expect.poll(async () => (answer = Number(await stage.tmux(...question))), eventually).toBeGreaterThan(0)
    return answer
  }

  it.each(['own', 'default'] as const)('T10: the server is killed (%s): all are gone, and the next launch starts a new one', async (mode) => {
    await begin(mode)
    const { supervisor } = stage
    const file = join(stage.folder, 'child.pid')
    const forks = fixture(stage, 'forks', [file])
    const pid = await launchRunning(supervisor, forks)
    let woken = 0
    supervisor.subscribe(() => woken++)
    process.kill(await serverPid(), 'SIGKILL')
    await expect.poll(() => woken, eventually).toBeGreaterThan(0)
    await expect.poll(() => supervisor.list(), eventually).toEqual([])
    await untilGone(pid)
    expect(await supervisor.stop(forks.incarnation, { polite: 'signal', graceMs: 0 })).toMatchObject({ took: 'already gone' })
    await untilGone(Number(readFileSync(file, 'utf8')))
    const next = fixture(stage, 'forever')
    await launchRunning(supervisor, next)
    expect(await supervisor.list()).toMatchObject([{ incarnation: next.incarnation, state: { alive: true } }])
  })

  it('T10: the server’s socket is removed, then the control client killed: the server is found again, and its agents with it', async () => {
    await begin('own')
    const { supervisor, socket } = stage
    const spec = fixture(stage, 'forever')
    const pid = await launchRunning(supervisor, spec)
    const client = await clientPid()
    rmSync(socket)
    await expect.poll(async () => (await supervisor.list(), existsSync(socket)), eventually).toBe(true)
    process.kill(client, 'SIGKILL')
    await expect.poll(async () => await clientPid(), eventually).not.toBe(client)
    expect(await seen(supervisor, spec.incarnation)).toMatchObject({ pid, state: { alive: true } })
  })

  it('T10: the control client is killed: agents go on, deaths are still noticed', async () => {
    await begin('own')
    const { supervisor } = stage
    const spec = fixture(stage, 'forever')
    const pid = await launchRunning(supervisor, spec)
    for (let round = 0; round < 3; round++) {
      process.kill(await clientPid(), 'SIGKILL')
      await expect.poll(async () => await seen(supervisor, spec.incarnation), eventually).toMatchObject({ pid, state: { alive: true } })
    }
    let woken = 0
    supervisor.subscribe(() => woken++)
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => woken, eventually).toBeGreaterThan(0)
    expect(await untilDead(supervisor, spec.incarnation)).toMatchObject({ signal: 'SIGKILL' })
  })

  it('T10: ends the control client of a daemon that was killed, and no other', async () => {
    await begin('own')
    const [hidden = ''] = (await stage.tmux('list-sessions', '-F', '#{session_name}')).trim().split('\n')
    const mine = await clientPid()
    const pipe = join(stage.folder, 'stdin')
    // What it reads from never ends, and its parent is gone: tmux itself would keep it.
    const leave = `mkfifo "$1"; exec 3<>"$1"; tmux -S "$2" -C attach-session -t "=$3" <&3 >/dev/null 2>&1 &`
    await run(['sh', '-c', leave, 'sh', pipe, stage.socket, hidden], { env: stage.options.env })
    const clients = async () => (await stage.tmux('list-clients', '-F', '#{client_pid}')).trim().split('\n').map(Number)
    await expect.poll(clients, eventually).toHaveLength(2)
    const left = (await clients()).find((pid) => pid !== mine) ?? 0
    const next = stage.again()
    await next.start()
    await untilGone(left)
    expect(await clients()).toContain(mine)
  })

  it('T15: a server that does not answer is neither life nor death', async () => {
    stage = await tmuxStage('own', { clock: hurried })
    const { supervisor } = stage
    await supervisor.start()
    const spec = fixture(stage, 'forever')
    const pid = await launchRunning(supervisor, spec)
    const server = await serverPid()
    process.kill(server, 'SIGSTOP')
    try {
      await expect(supervisor.list()).rejects.toMatchObject({ code: 'unavailable' })
      expect(await stillRuns((await processOf(pid))!)).toBe(true)
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await expect.poll(() => supervisor.list().catch(() => []), eventually).toMatchObject([{ pid, state: { alive: true } }])
  })

  it('T15: a socket that cannot be asked is no proof that nobody runs', async () => {
    await begin('own')
    await stage.supervisor.close()
    const elsewhere = tmux({ ...stage.options, socket: join(stage.folder, 'sockets', 'x'.repeat(200)) })
    await expect(elsewhere.list()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('two supervisors over one server see the same and do not disturb each other', async () => {
    await begin('own')
    const second = stage.again()
    await second.start()
    const specs = ['a', 'b', 'c', 'd'].map((agent) => fixture(stage, 'forever', [], { address: `shop:${agent}` }))
    await Promise.all(specs.map((spec, n) => launchRunning(n % 2 === 0 ? stage.supervisor : second, spec)))
    expect(await second.list()).toEqual(await stage.supervisor.list())
    await Promise.all(specs.map(({ incarnation }, n) => (n < 2 ? stage.supervisor : second).stop(incarnation, { polite: 'signal', graceMs: generous })))
    expect(await stage.supervisor.list()).toEqual([])
  })

  it('T33: the socket is private, and no agent learns of it', async () => {
    await begin('own')
    const file = join(stage.folder, 'told.json')
    await stage.supervisor.launch(fixture(stage, 'tells', [file]))
    await expect.poll(() => existsSync(file), eventually).toBe(true)
    const { env } = JSON.parse(readFileSync(file, 'utf8')) as { env: Record<string, string> }
    expect(Object.keys(env).filter((name) => name.startsWith('TMUX'))).toEqual([])
    expect(JSON.stringify(env)).not.toContain('tmux.sock')
    expect(statSync(dirname(stage.socket)).mode & 0o777).toBe(0o700)
    expect(readFileSync(`/proc/${await serverPid()}/environ`, 'utf8')).not.toContain('SECRET')
    const other = stage.again()
    await other.close()
    chmodSync(dirname(stage.socket), 0o755)
    await other.start()
    expect(statSync(dirname(stage.socket)).mode & 0o777).toBe(0o700)
  })

  it('T17: a slow shell start-up delays nothing, since no shell is started', async () => {
    stage = await tmuxStage('own')
    const shell = join(stage.folder, 'slow-shell')
    writeFileSync(shell, `#!/bin/sh\ntouch ${join(stage.folder, 'shell-was-run')}\nsleep 600\n`)
    chmodSync(shell, 0o755)
    const supervisor = stage.again({ env: { ...stage.options.env, SHELL: shell } })
    await supervisor.start()
    expect(await stage.tmux('show-options', '-gv', 'default-shell')).toContain('slow-shell')
    await launchRunning(supervisor, fixture(stage, 'forever'))
    expect(existsSync(join(stage.folder, 'shell-was-run'))).toBe(false)
  })

  it("leaves a user's server as it was: no global option, no hook, no session of others touched", async () => {
    stage = await tmuxStage('default')
    const global = async () => [await stage.tmux('show-options', '-g'), await stage.tmux('show-options', '-s'), await stage.tmux('show-hooks', '-g')]
    mkdirSync(dirname(stage.socket), { mode: 0o700 })
    await stage.tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'mine', 'tail', '-f', '/dev/null')
    const before = await global()
    expect(before[0]).toContain('default-shell')
    await stage.supervisor.start()
    const spec = fixture(stage, 'forever')
    const pid = await launchRunning(stage.supervisor, spec)
    expect(await stage.tmux('show-options', '-v', '-t', '=a-shop-dev:', '@teamctl-root')).toBe(`${stage.options.teamRoot}\n`)
    process.kill(pid, 'SIGKILL')
    await untilDead(stage.supervisor, spec.incarnation)
    expect(await global()).toEqual(before)
    await stage.supervisor.down()
    expect(await stage.tmux('list-sessions', '-F', '#{session_name}')).toBe('mine\n')
  })

  it('rotates a log that has grown and goes on with a new one', async () => {
    stage = await tmuxStage('own', { clock: hurried, limits: () => ({ logBytes: 20_000, logFiles: 3 }) })
    await stage.supervisor.start()
    const log = stage.supervisor.logFile('shop:dev')
    for (const round of [1, 2, 3]) {
      const spec = fixture(stage, 'prints', ['3000'])
      await stage.supervisor.launch(spec)
      await expect.poll(() => previousLogs(log, 9).length, eventually).toBe(Math.min(round, 2))
      await expect.poll(() => statSync(log).size, eventually).toBeLessThan(20_000)
      await stage.supervisor.stop(spec.incarnation, { polite: 'signal', graceMs: generous })
    }
    const last = fixture(stage, 'composer', [join(stage.folder, 'sent')])
    await stage.supervisor.launch(last)
    await expect.poll(() => readFileSync(log, 'utf8'), eventually).toContain('ready')
    expect(statSync(log).mode & 0o777).toBe(0o600)
  })

  it('names the terminal for a person: exactly it, read-only unless asked otherwise', async () => {
    await begin('own')
    const spec = fixture(stage, 'forever')
    await stage.supervisor.launch(spec)
    const argv = ['tmux', '-S', stage.socket, 'attach', '-r', '-t', '=a-shop-dev']
    expect(stage.supervisor.attachCommand(spec.incarnation, false)).toEqual(argv)
    expect(stage.supervisor.attachCommand(spec.incarnation, true)).toEqual(argv.filter((word) => word !== '-r'))
    expect(() => stage.supervisor.attachCommand('nobody', false)).toThrow(/no terminal/)
  })

  it('deletes launch files that nobody will come for', async () => {
    stage = await tmuxStage('own')
    const left = join(stage.specs, 'dead.json')
    writeFileSync(left, '{"env":{"TOKEN":"x"}}')
    await stage.supervisor.start()
    expect(existsSync(left)).toBe(false)
  })

  it('says what to install where tmux is missing or old', async () => {
    stage = await tmuxStage('own')
    const folder = join(stage.folder, 'sockets')
    const without = tmux({ ...stage.options, env: { PATH: folder } })
    await expect(without.start()).rejects.toMatchObject({ code: 'unavailable', hint: expect.stringContaining('apt-get install tmux') as string })
    expect(['3.2', '3.2a', '3.7', 'next-3.8', '4.0', 'master', 'openbsd-7.6'].filter((version) => !isSupported(version))).toEqual([])
    expect(['3.1c', '2.9', '1.8', ''].filter(isSupported)).toEqual([])
  })
})
