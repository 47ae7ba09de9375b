import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test, vi } from 'vitest'
import { teamPaths } from '../config/paths.ts'
import type { Client } from '../client/client.ts'
import { connect } from '../client/connect.ts'
import { ensureDaemon } from '../client/start.ts'
import { programPath } from '../util/programs.ts'
import { run } from '../util/spawn.ts'

const program = fileURLToPath(new URL('../../test/fixtures/daemon-program.ts', import.meta.url))
const patience = { timeout: 30_000, interval: 50 }
const roots: string[] = []
const clients: Client[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const root of roots.splice(0)) {
    await vi.waitFor(() => {
      killAtOnce(processesOf(root))
      expect(processesOf(root)).toEqual([])
    }, patience)
    rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
})

function makeRoot(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-daemon-')))
  roots.push(root)
  return root
}

async function ensure(root: string): Promise<Client> {
  const { operatorSocket: socket, daemonLog: log } = teamPaths(root)
  const env = { HOME: root }
  const client = await ensureDaemon({ root, socket, log, node: [process.execPath], daemonProgram: program, keeperProgram: programPath('keeper'), env })
  clients.push(client)
  return client
}

/** Every process started for a root, by its argv. */
function processesOf(root: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => argvOf(pid).includes(root))
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return [] // gone meanwhile
  }
}

const keepers = (root: string) => processesOf(root).filter((pid) => argvOf(pid).some((word) => word.endsWith('keeper.ts')))
const daemons = (root: string) => processesOf(root).filter((pid) => !keepers(root).includes(pid))

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // gone meanwhile
  }
}

/** Stopped first, so that none sees another die and starts it again. */
function killAtOnce(pids: number[]): void {
  for (const pid of pids) kill(pid, 'SIGSTOP')
  for (const pid of pids) kill(pid, 'SIGKILL')
}

/** Exactly one of each, the keeper in its seat; returns their pids. */
function settled(root: string): Promise<{ keeper: number; daemon: number; store: string }> {
  return vi.waitFor(async () => {
    const client = await connect({ socket: teamPaths(root).operatorSocket })
    try {
      const status = await client.call('daemon.status', {})
      expect([keepers(root), daemons(root)]).toEqual([[status.keeper], [status.pid]])
      return { keeper: status.keeper as number, daemon: status.pid, store: status.store }
    } finally {
      client.close()
    }
  }, patience)
}

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('many starts at once end in one daemon and one keeper', async () => {
  const root = makeRoot()
  const found = await Promise.all(Array.from({ length: 4 }, () => ensure(root)))
  const { daemon } = await settled(root)
  expect(found.map((client) => client.daemon.pid)).toEqual([daemon, daemon, daemon, daemon])
  expect(found[0]?.daemon.root).toBe(root)
}, 120_000)

onLinux('a killed daemon comes back by itself, with the values of the last `up`, at the same address', async () => {
  const root = makeRoot()
  const client = await ensure(root)
  await client.call('up', { env: { TEAM_SECRET: 'only-in-memory' } })
  const before = await settled(root)
  const { address } = await client.call('daemon.status', {})
  kill(before.daemon, 'SIGKILL')
  await expect(client.call('ps', {})).rejects.toThrow(/went away/)
  const after = await settled(root)
  expect(after.daemon).not.toBe(before.daemon)
  expect(after.keeper).toBe(before.keeper)
  expect(JSON.parse(after.store)).toEqual({ TEAM_SECRET: 'only-in-memory' })
  expect((await (await ensure(root)).call('daemon.status', {})).address).toBe(address)
  for (const pid of processesOf(root)) {
    expect(`${argvOf(pid).join(' ')} ${readFileSync(`/proc/${pid}/environ`, 'utf8')}`).not.toContain('only-in-memory')
  }
  for (const file of readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())) {
    expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toContain('only-in-memory')
  }
}, 120_000)

onLinux('a first daemon that is killed while it starts is started again', async () => {
  const root = makeRoot()
  writeFileSync(join(root, 'die'), '')
  await ensure(root)
  expect(existsSync(join(root, 'die'))).toBe(false)
  await settled(root)
})

onLinux('a killed keeper is replaced, and the new one knows the values', async () => {
  const root = makeRoot()
  const client = await ensure(root)
  await client.call('up', { env: { A: '1' } })
  const first = await settled(root)
  kill(first.keeper, 'SIGKILL')
  const second = await vi.waitFor(async () => {
    const now = await settled(root)
    expect(now.keeper).not.toBe(first.keeper)
    return now
  }, patience)
  expect(second.daemon).toBe(first.daemon)
  kill(second.daemon, 'SIGKILL')
  await vi.waitFor(async () => expect((await settled(root)).daemon).not.toBe(second.daemon), patience)
  expect(JSON.parse((await settled(root)).store)).toEqual({ A: '1' })
}, 120_000)

onLinux('both killed: the next call revives both', async () => {
  const root = makeRoot()
  await ensure(root)
  const { keeper, daemon } = await settled(root)
  killAtOnce([keeper, daemon])
  await vi.waitFor(() => expect(processesOf(root)).toEqual([]), patience)
  await ensure(root)
  await settled(root)
}, 120_000)

onLinux.each(['daemon.stop', 'SIGTERM'])('%s ends daemon and keeper', async (how) => {
  const root = makeRoot()
  const client = await ensure(root)
  const { daemon } = await settled(root)
  if (how === 'SIGTERM') kill(daemon, 'SIGTERM')
  else expect(await client.call('daemon.stop', {})).toEqual({ pid: daemon })
  await vi.waitFor(() => expect(processesOf(root)).toEqual([]), patience)
}, 120_000)

onLinux('a daemon some part of which does not come to its end goes all the same, and says so', async () => {
  const root = makeRoot()
  writeFileSync(join(root, 'hang'), '')
  const client = await ensure(root)
  await settled(root)
  await client.call('daemon.stop', {})
  await vi.waitFor(() => expect(processesOf(root)).toEqual([]), patience)
  expect(readFileSync(teamPaths(root).daemonLog, 'utf8')).toContain('did not come to its end in time')
}, 120_000)

onLinux('a second daemon is refused and names the first', async () => {
  const root = makeRoot()
  await ensure(root)
  const { daemon } = await settled(root)
  const second = await run([process.execPath, program, '--root', root, '--no-keeper'], { timeoutMs: 60_000 })
  expect(second.code).toBe(75)
  expect(second.stderr).toContain(`process ${daemon}`)
  expect((await settled(root)).daemon).toBe(daemon)
}, 120_000)

onLinux('a daemon that cannot start says why to whoever wanted it, and leaves nothing behind', async () => {
  const root = makeRoot()
  writeFileSync(join(root, 'fail'), 'config')
  await expect(ensure(root)).rejects.toMatchObject({ code: 'config', message: 'the team is broken', hint: 'mend it' })
  await vi.waitFor(() => expect(processesOf(root)).toEqual([]), patience)
}, 120_000)

onLinux('a daemon whose disk or database is away is tried again, patiently, until it can start', async () => {
  const root = makeRoot()
  await ensure(root)
  const { daemon, keeper } = await settled(root)
  writeFileSync(join(root, 'fail'), 'unavailable')
  kill(daemon, 'SIGKILL')
  const tries = () => readdirSync(root).filter((name) => name.startsWith('started.')).length
  await vi.waitFor(() => expect(tries()).toBeGreaterThan(3), patience)
  rmSync(join(root, 'fail'))
  expect((await settled(root)).keeper).toBe(keeper)
}, 120_000)

onLinux('a daemon that refuses to start is given up, with a word in its log, until somebody asks for it', async () => {
  const root = makeRoot()
  await ensure(root)
  const { daemon } = await settled(root)
  writeFileSync(join(root, 'fail'), 'config')
  kill(daemon, 'SIGKILL')
  await vi.waitFor(() => expect(processesOf(root)).toEqual([]), patience)
  expect(readFileSync(teamPaths(root).daemonLog, 'utf8')).toContain('is not started any more')
  await expect(ensure(root)).rejects.toMatchObject({ code: 'config', message: 'the team is broken' })
  rmSync(join(root, 'fail'))
  await ensure(root)
  await settled(root)
}, 120_000)

onLinux('a daemon that crashes again and again is given up after a while', async () => {
  const root = makeRoot()
  await ensure(root)
  const { daemon } = await settled(root)
  writeFileSync(join(root, 'fail'), 'internal')
  kill(daemon, 'SIGKILL')
  const tries = () => readdirSync(root).filter((name) => name.startsWith('started.')).length
  await vi.waitFor(() => expect(processesOf(root)).toEqual([]), { timeout: 300_000, interval: 200 })
  expect(tries()).toBeLessThanOrEqual(12)
}, 360_000)
