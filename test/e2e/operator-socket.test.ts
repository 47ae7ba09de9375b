import { spawn } from 'node:child_process'
import { closeSync, linkSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { proofName, protocolVersion } from '../../src/api/wire.ts'
import { connect } from '../../src/client/connect.ts'
import { sweepProofs } from '../../src/server/proof.ts'
import { liveDaemon, type LiveDaemon } from '../fixtures/live-daemon.ts'
import { patiently } from './troupe.ts'

let live: LiveDaemon

beforeEach(async () => {
  live = await liveDaemon({})
})
afterEach(async () => {
  expect(live.reports).toEqual([])
  await live.close()
})

type Answer = Record<string, unknown>

/** What the daemon says to one request of a client that proves itself as `prove` does, from the file's place. */
async function asks(pid: number, prove: (file: string) => object | null, request: object = { id: 1, call: 'approval.list', input: {} }): Promise<Answer | null> {
  const socket = createConnection(live.operatorSocket)
  try {
    socket.write(`${JSON.stringify({ hello: { protocol: protocolVersion, oldest: protocolVersion, version: '0', pid } })}\n`)
    for await (const line of createInterface({ input: socket })) {
      const said = JSON.parse(line) as Answer & { hello?: { challenge: string } }
      if (said.hello === undefined) return said
      const proof = prove(join(dirname(live.operatorSocket), proofName(said.hello.challenge)))
      socket.write(`${proof === null ? '' : `${JSON.stringify({ proof })}\n`}${JSON.stringify(request)}\n`)
    }
    return null
  } finally {
    socket.destroy()
  }
}

const denied = (why: string) => ({ error: { code: 'denied', message: expect.stringContaining(why) as string } })

async function refusals(): Promise<Answer[]> {
  const client = await connect({ socket: live.operatorSocket })
  try {
    const { events } = await client.call('events', { limit: 1000 })
    return events.filter(({ type }) => type === 'operator.refused')
  } finally {
    client.close()
  }
}

/** A program below an agent that says it is the process `pid`, and holds the file itself; resolves to the daemon's answer. */
async function liar(pid: number): Promise<Answer> {
  const script = `
    const [socket, pid] = process.argv.slice(1)
    const out = require('net').createConnection(socket)
    const say = (line) => out.write(JSON.stringify(line) + '\\n')
    say({ hello: { protocol: ${protocolVersion}, oldest: ${protocolVersion}, version: '0', pid: Number(pid) } })
    require('readline').createInterface({ input: out }).on('line', (line) => {
      const { hello } = JSON.parse(line)
      if (hello === undefined) return console.log(line), process.exit()
      say({ proof: { fd: require('fs').openSync(require('path').dirname(socket) + '/proof-' + hello.challenge, 'wx', 0o600) } })
      say({ id: 1, call: 'approval.list', input: {} })
    })`
  const env = { TROUPE_INCARNATION: live.agents['ada']!.incarnation }
  const child = spawn(process.execPath, ['-e', script, live.operatorSocket, String(pid)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Answer
  throw new Error('it said nothing')
}

describe.runIf(process.platform === 'linux')('which process a client of the operator socket is', () => {
  it('is proved by a file that it holds open: an agent’s program that names another process is refused, and the journal tells', async () => {
    expect(await liar(process.pid)).toMatchObject(denied(`says that it is process ${process.pid}, but it does not hold the file`))
    expect(await refusals()).toMatchObject([{ agent: null, subject: 'operator socket', data: { pid: process.pid, why: expect.stringContaining('does not hold') as string } }])
  })

  it('nothing else proves it', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const open: number[] = []
    const made = (file: string): number => {
      open.push(openSync(file, 'wx', 0o600))
      return open.at(-1)!
    }
    const old = join(live.root, 'old')
    try {
      expect(await asks(process.pid, (file) => ({ fd: made(file) }))).toEqual({ id: 1, ok: [] })
      expect(await asks(process.pid, () => null)).toMatchObject(denied('holds no file open'))
      expect(await asks(process.pid, () => ({ fd: null }))).toMatchObject(denied('holds no file open'))
      expect(await asks(process.pid, () => ({ fd: 'x' }))).toMatchObject(denied('holds no file open'))
      expect(await asks(process.pid, () => ({ fd: open[0] }))).toMatchObject(denied('does not hold'))
      expect(await asks(process.pid, (file) => ({ fd: made(`${file}x`) }))).toMatchObject(denied('does not hold'))
      expect(await asks(other.pid!, (file) => ({ fd: made(file) }))).toMatchObject(denied('does not hold'))
      expect(await asks(1, (file) => ({ fd: made(file) }))).toMatchObject({ error: { code: 'denied' } })
      // A second name of what the other process has open already.
      expect(await asks(process.pid, (file) => {
        const fd = made(old)
        linkSync(old, file)
        return { fd }
      })).toMatchObject(denied('is not as a client makes it'))
    } finally {
      other.kill('SIGKILL')
      for (const fd of open) closeSync(fd)
      for (const name of readdirSync(dirname(live.operatorSocket))) if (name.endsWith('x')) rmSync(join(dirname(live.operatorSocket), name))
    }
  })

  it('a keeper proves it as well, before it gets what the daemon holds for agents', async () => {
    expect(await asks(process.pid, () => null, { keeper: { values: null, instead: true } })).toMatchObject(denied('holds no file open'))
  })

  it('its file is gone once it was looked at, its descriptor with the connection; what a killed daemon left is swept', async () => {
    const files = (): string[] => readdirSync(dirname(live.operatorSocket)).filter((name) => name.startsWith('proof-'))
    const held = (): number => readdirSync('/proc/self/fd').length
    const before = held()
    const client = await connect({ socket: live.operatorSocket })
    expect(await client.call('approval.list', {})).toEqual([])
    expect(files()).toEqual([])
    client.close()
    await vi.waitFor(() => expect(held()).toBeLessThanOrEqual(before), patiently)
    writeFileSync(join(dirname(live.operatorSocket), proofName('0'.repeat(32))), '')
    writeFileSync(join(dirname(live.operatorSocket), 'proof-of-another-kind'), '')
    sweepProofs(dirname(live.operatorSocket))
    expect(files()).toEqual(['proof-of-another-kind'])
  })
})
