import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { carriersOf, killTree, processOf, signalProcess, stillRuns, treeUnder } from './processes.ts'
import { run, spawnDetached } from './spawn.ts'

const node = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args]
const eventually = { timeout: 15_000, interval: 20 }
let folder: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-spawn-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))

describe('run', () => {
  it('T30: gives argv, input, folder and environment as they are, and no shell', async () => {
    const odd = ['$(id)', '`id`', ';', '&&', '-x', '', 'a b', "'", 'new\nline']
    const script = `process.stdin.pipe(process.stderr); console.log(JSON.stringify([process.argv.slice(1), process.cwd(), process.env]))`
    const ran = await run(node(script, '--', ...odd), { cwd: folder, env: { A: '$X' }, input: 'héllo' })
    expect(ran).toMatchObject({ code: 0, signal: null, stderr: 'héllo', cut: false, timedOut: false })
    expect(JSON.parse(ran.stdout)).toEqual([odd, folder, { A: '$X' }])
  })

  it('returns a failure as a value and rejects only where nothing started', async () => {
    expect(await run(node('process.exitCode = 7'))).toMatchObject({ code: 7, signal: null })
    expect(await run(node("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({ code: null, signal: 'SIGKILL' })
    await expect(run([join(folder, 'missing')])).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(run(node(''), { cwd: join(folder, 'missing') })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('does not mind a program that never reads its input', async () => {
    expect(await run(node(''), { input: 'x'.repeat(1_000_000) })).toMatchObject({ code: 0 })
  })

  it('keeps no more output than asked for', async () => {
    const ran = await run(node("process.stdout.write('x'.repeat(1_000_000))"), { outputBytes: 1_000 })
    expect(ran).toMatchObject({ code: 0, stdout: 'x'.repeat(1_000), cut: true })
  })

  it('ends the whole group at its time limit, or when told to', async () => {
    const parent = `require('child_process').spawn('sleep', ['600'], { stdio: 'inherit' }); setInterval(() => {}, 1e9)`
    expect(await run(node(parent), { timeoutMs: 500 })).toMatchObject({ signal: 'SIGKILL', timedOut: true })
    expect(await run(node(parent), { signal: AbortSignal.timeout(500) })).toMatchObject({ signal: 'SIGKILL', timedOut: false })
    expect(await run(node(parent), { signal: AbortSignal.abort() })).toMatchObject({ signal: 'SIGKILL' })
  })
})

describe('processes', () => {
  const forever = 'setInterval(() => {}, 1e9)'
  const family = `const { spawn } = require('child_process'); const env = {}; spawn(process.execPath, ['-e', '${forever}'], { env, detached: true }); ${forever}`

  async function start(script: string, env: Record<string, string> = {}) {
    const pid = await spawnDetached(node(script), { env, cwd: folder, logFile: join(folder, 'log') })
    const found = await processOf(pid)
    if (found === undefined) throw new Error('it did not start')
    return found
  }

  it('start detached, with a log of their own', async () => {
    const started = await start("console.log('out'); console.error('err', process.env.A)", { A: '1' })
    await expect.poll(() => readFileSync(join(folder, 'log'), 'utf8'), eventually).toBe('out\nerr 1\n')
    expect(statSync(join(folder, 'log')).mode & 0o777).toBe(0o600)
    expect(started.group).toBe(started.pid)
    await expect(spawnDetached([join(folder, 'missing')], { env: {}, cwd: folder, logFile: join(folder, 'log') })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('are found and ended with all their children', async () => {
    const parent = await start(family)
    await expect.poll(async () => (await treeUnder(parent)).length, eventually).toBe(2)
    const tree = await treeUnder(parent)
    expect(tree[0]).toEqual(parent)
    expect(await killTree(parent, 'SIGKILL')).toHaveLength(2)
    for (const each of tree) await expect.poll(() => stillRuns(each), eventually).toBe(false)
    expect(await killTree(parent, 'SIGKILL')).toEqual([])
  })

  it('are found by the incarnation they carry, never by a part of it', async () => {
    const carrier = await start(forever, { TROUPE_INCARNATION: `test-${process.pid}` })
    expect((await carriersOf(`test-${process.pid}`)).map(({ pid }) => pid)).toEqual([carrier.pid])
    expect(await carriersOf(`test-${process.pid}`.slice(0, -1))).toEqual([])
    expect(await signalProcess(carrier, 'SIGKILL')).toBe(true)
    await expect.poll(() => stillRuns(carrier), eventually).toBe(false)
  })

  it('are left alone where their id has been given to another', async () => {
    const real = await start(forever)
    const earlier = { ...real, started: '1' }
    expect(await stillRuns(earlier)).toBe(false)
    expect(await signalProcess(earlier, 'SIGKILL')).toBe(false)
    expect(await killTree(earlier, 'SIGKILL')).toEqual([])
    expect(await stillRuns(real)).toBe(true)
    await killTree(real, 'SIGKILL')
  })

  it('never include this one', async () => {
    const own = await processOf(process.pid)
    expect(own?.pid).toBe(process.pid)
    expect(await treeUnder(own!)).toEqual([])
    expect(await signalProcess(own!, 'SIGTERM')).toBe(false)
  })
})
