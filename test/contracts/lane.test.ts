import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { LaneLine } from '../../src/runtimes/lane/line.ts'
import type { LaneEntry } from '../../src/util/lane-link.ts'
import { programPath } from '../../src/util/programs.ts'
import { alive } from './runtime-processes.ts'
import { until } from './runtime-stage.ts'

const talker = fileURLToPath(new URL('../fixtures/talker.mjs', import.meta.url))

interface Watched {
  line: LaneLine
  entries: LaneEntry[]
  replayed: number[]
  states: unknown[]
  caughtUp: number
  wrong?: unknown
}

describe('the lane', () => {
  let folder: string
  let shown: string
  let child: ChildProcess
  const lines: LaneLine[] = []

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-lane-')))
    shown = ''
  })

  afterEach(async () => {
    for (const line of lines.splice(0)) line.close()
    child.kill('SIGKILL')
    await until('the CLI is gone with its lane', () => laneChildren().length === 0)
    rmSync(folder, { recursive: true, force: true })
  })

  /** Not on a terminal: everything but colours and the person's line is the same. */
  function start(says: unknown[] = [], more: string[] = []): ChildProcess {
    const argv = [programPath('lane'), '--folder', join(folder, 'lane'), '--socket', socket(), '--view', 'stream-json', ...more, '--', process.execPath, talker, JSON.stringify(says)]
    child = spawn(process.execPath, argv, { env: { PATH: process.env['PATH'], TROUPE_INCARNATION: folder }, stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout?.on('data', (chunk: Buffer) => (shown += chunk.toString()))
    return child
  }

  function socket(): string {
    return join(folder, 'lane.sock')
  }

  function watch(): Watched {
    const seen: Watched = { entries: [], replayed: [], states: [], caughtUp: 0 } as unknown as Watched
    seen.line = new LaneLine(socket(), systemClock, {
      entry: (entry, replayed) => void (seen.entries.push(entry), replayed && seen.replayed.push(entry.n)),
      marked: (state) => void seen.states.push(state),
      caughtUp: () => void (seen.caughtUp += 1),
      wrong: (error) => void (seen.wrong = error),
    })
    lines.push(seen.line)
    return seen
  }

  function ended(): Promise<{ code: number | null; signal: string | null }> {
    return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  }

  function laneChildren(): string[] {
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && carries(pid))
  }

  function carries(pid: string): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder) && alive(Number(pid))
    } catch {
      return false // gone meanwhile
    }
  }

  const texts = (entries: LaneEntry[], kind: string) => entries.flatMap((each) => (each.kind === kind && 'text' in each ? [each.text] : []))

  it('tells whoever comes everything from the beginning, and then what is new, once', async () => {
    start([{ type: 'assistant', message: { content: [{ type: 'text', text: 'before anybody came' }] } }])
    await until('it is shown', () => shown.includes('before anybody came'))
    const seen = watch()
    await until('heard', () => seen.caughtUp === 1 && seen.entries.length === 1)
    expect(seen.replayed).toEqual([1])
    expect(await seen.line.write('hello there')).toBe(true)
    await until('the answer', () => texts(seen.entries, 'out').length === 2)
    expect(seen.entries.map(({ n }) => n)).toEqual([1, 2, 3])
    expect(texts(seen.entries, 'in')).toEqual(['"hello there"'])
    expect(statSync(socket()).mode & 0o777).toBe(0o600)
  })

  it('keeps what is said while nobody listens, also more than it holds in memory, and hands it over in order', async () => {
    start()
    const first = watch()
    await until('there', () => first.caughtUp === 1)
    const count = 30_000
    expect(await first.line.write(`burst ${count}`)).toBe(true)
    first.line.close()
    await until('all of it was said', () => shown.includes(`said ${count}\n`))
    const next = watch()
    await until('all of it is heard', () => next.entries.length === count + 1)
    expect(next.entries.map(({ n }) => n)).toEqual(Array.from({ length: count + 1 }, (_, at) => at + 1))
    expect(first.entries.length).toBeLessThan(count)
  })

  it('begins after a mark, with its state', async () => {
    start(['{"type":"one"}', '{"type":"two"}', '{"type":"three"}'])
    const first = watch()
    await until('all heard', () => first.entries.length === 3)
    first.line.mark(2, { session: 's' })
    expect(await first.line.write('more')).toBe(true)
    first.line.close()
    const next = watch()
    await until('caught up', () => next.caughtUp === 1)
    expect(next.states).toEqual([{ session: 's' }])
    expect(next.entries[0]?.n).toBe(3)
  })

  it.each([
    ['bye 7', { code: 7, signal: null }],
    ['die SIGKILL', { code: null, signal: 'SIGKILL' }],
  ])('ends as the CLI does: %s', async (word, end) => {
    start()
    const seen = watch()
    await until('there', () => seen.caughtUp === 1)
    const over = ended()
    await seen.line.write(word)
    expect(await over).toEqual(end)
    expect(seen.entries.at(-1)).toMatchObject({ kind: 'exit', ...end })
  })

  it('waits for somebody to hear the end', async () => {
    start(['{"type":"result","result":"the last words"}'], ['--input', '/dev/null'])
    await until('the CLI has ended', () => shown.includes('ended, exit 0'))
    expect(alive(child.pid ?? 0)).toBe(true)
    const over = ended()
    const seen = watch()
    expect(await over).toEqual({ code: 0, signal: null })
    expect(texts(seen.entries, 'out')[0]).toContain('the last words')
  })

  it('passes a SIGTERM on, and leaves nothing behind', async () => {
    start()
    const seen = watch()
    await until('there', () => seen.caughtUp === 1)
    const over = ended()
    child.kill('SIGTERM')
    await over
    await until('nothing runs', () => laneChildren().length === 0)
  })

  it('lets no words of the CLI drive the terminal', async () => {
    start([{ type: 'assistant', message: { content: [{ type: 'text', text: 'red \u001b[31m title \u001b]0;x\u0007 back \u202e\r' }] } }, 'no JSON \u001b[2J'])
    await until('both are shown', () => shown.includes('no JSON'))
    // eslint-disable-next-line no-control-regex
    expect(shown).not.toMatch(/[\u001b\u0007\u202e\r]/)
    expect(shown).toContain('\\u{1b}[31m')
  })

  it('takes what a person types as an entry of its own', async () => {
    start()
    const seen = watch()
    await until('there', () => seen.caughtUp === 1)
    child.stdin?.write('do this\r')
    await until('typed', () => texts(seen.entries, 'typed').length === 1)
    expect(texts(seen.entries, 'typed')).toEqual(['do this'])
    child.stdin?.write('\x03')
    await until('interrupt', () => seen.entries.some(({ kind }) => kind === 'interrupt'))
    const over = ended()
    child.stdin?.write('\x03')
    expect(await over).toEqual({ code: 0, signal: null })
  })
})
