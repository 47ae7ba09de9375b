import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LaunchContext, Session, Signal } from '../../src/core/runtime.ts'
import type { Typing } from '../../src/core/supervisor.ts'
import type { RuntimeDescriptor } from '../../src/core/team.ts'
import { generic } from '../../src/runtimes/generic.ts'
import { systemClock } from '../../src/core/clock.ts'
import { generous } from './supervisor.ts'
import { tmuxStage, type TmuxStage } from './tmux-stage.ts'

const composer = fileURLToPath(new URL('../fixtures/agents/composer.mjs', import.meta.url))
const eventually = { timeout: generous, interval: 20 }

const plain: RuntimeDescriptor = {
  name: 'composer',
  binary: process.execPath,
  args: [],
  supportsMcp: false,
  protocol: null, sessionResume: null,
  defaultModel: null,
  env: {},
  ready: null,
  busy: 'Working',
  idle: '^  ready\\n> ?$',
  rateLimitPatterns: [],
}

/** A real terminal with the composer in it, and the generic runtime's session over it. */
class Bench {
  readonly stage: TmuxStage
  readonly sent: string
  readonly signals: Signal[] = []
  /** What the terminal says to whoever types. */
  refusing: Error | null = null
  /** What it says to whoever looks at the screen, and how often it did. */
  unreadable: Error | null = null
  unread = 0
  readonly #sessions: Session[] = []
  /** As another daemon would. */
  adopt: () => Session = () => expect.fail('nothing runs')

  constructor(stage: TmuxStage) {
    this.stage = stage
    this.sent = join(stage.folder, 'sent')
  }

  async open(descriptor: Partial<RuntimeDescriptor>, args: string[] = [], size?: { columns: number; rows: number }): Promise<Session> {
    const runtime = generic({ ...plain, args: [composer, this.sent, ...args], ...descriptor })
    const { supervisor, folder } = this.stage
    const incarnation = 'inc-1'
    const host = { env: { PATH: process.env['PATH'] ?? '' }, home: folder, isRoot: false, clock: systemClock }
    const agent = { address: 'shop:dev', id: 'dev', project: 'shop', runtime: 'composer', model: null, cwd: folder, args: [] }
    const context = { agent, incarnation, host, folder, url: 'http://127.0.0.1:1', env: host.env, briefing: 'You are dev.' }
    const { spec } = await runtime.launch(context as unknown as LaunchContext)
    const { pid } = await supervisor.launch(size === undefined ? spec : { ...spec, size })
    const type = async (input: Typing[]) => {
      if (this.refusing !== null) throw this.refusing
      await supervisor.type(incarnation, input)
    }
    const screen = async () => {
      if (this.unreadable === null) return await supervisor.screen(incarnation)
      this.unread += 1
      throw this.unreadable
    }
    const terminal = { type, screen }
    const open = (wasReady: boolean): Session => {
      const session = runtime.open({ ...(context as unknown as LaunchContext), pid, startedAt: 0, session: null, wasReady, terminal, judge: async () => ({ do: 'pass' as const }), tools: { open: () => false, heardAt: () => null } })
      session.subscribe((signal) => this.signals.push(signal))
      this.#sessions.push(session)
      return session
    }
    this.adopt = () => open(true)
    return open(false)
  }

  texts(): string[] {
    if (!existsSync(this.sent)) return []
    return readFileSync(this.sent, 'utf8').trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text)
  }

  async untilSignal(type: Signal['type']): Promise<void> {
    await expect.poll(() => this.signals.map((signal) => signal.type), eventually).toContain(type)
  }

  async end(): Promise<void> {
    for (const session of this.#sessions) session.close()
    await this.stage.end()
  }
}

const parcel = (text: string, id = 'm-1') => ({ id, n: 1, text: `${id}\n${text}`, marker: id, trust: 'peer', priority: 'normal', pictures: [] as never[] }) as const

describe('a command of your own', { timeout: 60_000 }, () => {
  let bench: Bench

  beforeEach(async () => {
    const stage = await tmuxStage('own', { logName: () => 'supervisor.log' })
    bench = new Bench(stage)
    await stage.supervisor.start()
  })
  afterEach(async () => await bench.end())

  it('is ready when its screen says so, and its messages are typed, once, without a claim of proof', async () => {
    const session = await bench.open({})
    await bench.untilSignal('ready')
    const text = 'line 1\n\n$(id) `x` é 日本 ;'
    expect(await session.deliver('paste', parcel(text))).toMatchObject({ result: 'typed', what: expect.stringContaining('its screen took it') as string })
    expect(await session.deliver('paste', parcel(text))).toMatchObject({ result: 'typed', what: expect.stringContaining('before') as string })
    await expect.poll(() => bench.texts(), eventually).toEqual([`m-1\n${text}`])
  })

  it('T2: a program that misses an Enter gets another, and the message once', async () => {
    const session = await bench.open({}, ['0', 'swallow'])
    await bench.untilSignal('ready')
    await session.deliver('paste', parcel('hello'))
    await expect.poll(() => bench.texts(), eventually).toEqual(['m-1\nhello'])
  })

  it('T2: a program in copy mode gets its message', async () => {
    const session = await bench.open({})
    await bench.untilSignal('ready')
    await bench.stage.tmux('copy-mode', '-t', '=a-shop-dev:')
    await session.deliver('paste', parcel('hello'))
    await expect.poll(() => bench.texts(), eventually).toEqual(['m-1\nhello'])
  })

  it.each([
    ['narrow', { columns: 24, rows: 40 }, ''],
    ['low', { columns: 80, rows: 8 }, '\nand another one'.repeat(30)],
  ])('T2: in a %s window, where the message is broken over lines or cut off, a missed Enter is noticed all the same', async (_what, size, more) => {
    const session = await bench.open({}, ['0', 'swallow'], size)
    await bench.untilSignal('ready')
    const id = '018f2f6e-8f4b-7c3a-9d2e-5b6a7c8d9e0f'
    const text = `a line that is longer than the window, é 日本${more}`
    expect(await session.deliver('paste', parcel(text, id))).toMatchObject({ result: 'typed', what: expect.stringContaining('its screen took it') as string })
    await expect.poll(() => bench.texts(), eventually).toEqual([`${id}\n${text}`])
  })

  it.each([
    ['one byte', 'x'],
    ['many lines', Array.from({ length: 200 }, (_, n) => `line ${n}`).join('\n')],
    ['Unicode', '👩‍👩‍👧‍👦 日本語 e\u0301 ‮ \u{4f00d}'],
    ['characters of two halves over the seams', `x${`${'😀'.repeat(100)}\n`.repeat(50)}end`],
    ['256 KiB', `${'y'.repeat(255)}\n`.repeat(1_023) + 'end'],
  ])('T2: takes %s whole, once, and claims no proof', async (_what, text) => {
    const session = await bench.open({})
    await bench.untilSignal('ready')
    expect(await session.deliver('paste', parcel(text))).toMatchObject({ result: 'typed' })
    await expect.poll(() => bench.texts(), eventually).toEqual([`m-1\n${text}`])
    expect(bench.signals.filter(({ type }) => type === 'proof')).toEqual([])
  })

  it('T2: control bytes end no paste and press no key', async () => {
    const session = await bench.open({})
    await bench.untilSignal('ready')
    await session.deliver('paste', parcel('\u001b[201~\r/exit\r\u0003\u0004\u0015 \u009b5n'))
    await expect.poll(() => bench.texts(), eventually).toEqual(['m-1\n␛[201~\n/exit\n␃␄␕ �5n'])
  })

  it('T2: what a terminal refused does not count as typed', async () => {
    const session = await bench.open({})
    await bench.untilSignal('ready')
    bench.refusing = new Error('no answer')
    await expect(session.deliver('paste', parcel('hello'))).rejects.toThrow('no answer')
    bench.refusing = null
    expect(await session.deliver('paste', parcel('hello'))).toMatchObject({ what: expect.stringContaining('its screen took it') as string })
    await expect.poll(() => bench.texts(), eventually).toEqual(['m-1\nhello'])
  })

  it('T2: nothing is typed over a draft that shows, nor while it works, nor before it is ready', async () => {
    const early = await bench.open({ ready: 'never shown' })
    expect(await early.deliver('paste', parcel('x'))).toMatchObject({ result: 'refused', why: 'it is not ready' })
    await bench.stage.supervisor.stop('inc-1', { polite: 'signal', graceMs: generous })
    const session = await bench.open({}, ['600000'])
    await bench.untilSignal('ready')
    await bench.stage.supervisor.type('inc-1', [{ text: 'my draft' }])
    await expect.poll(() => bench.stage.supervisor.screen('inc-1'), eventually).toContain('my draft')
    expect(await session.deliver('paste', parcel('x'))).toMatchObject({ result: 'refused' })
    await bench.stage.supervisor.type('inc-1', [{ keys: ['Enter'] }])
    await bench.untilSignal('busy')
    expect(await session.deliver('paste', parcel('x'))).toMatchObject({ result: 'refused' })
    expect(bench.texts()).toEqual(['my draft'])
  })

  it('says when a turn begins and ends', async () => {
    const session = await bench.open({}, ['2500'])
    await bench.untilSignal('ready')
    await session.deliver('paste', parcel('work'))
    await bench.untilSignal('idle')
    expect(bench.signals.map((signal) => signal.type)).toEqual(['ready', 'busy', 'idle'])
  })

  it('tells once of a limit that the screen shows, with its end', async () => {
    const pattern = { match: 'limit reached, resets in (?<span>\\S+)', resetsAtCapture: null, resetsInCapture: 'span' }
    await bench.open({ idle: null, busy: null, rateLimitPatterns: [pattern] })
    await bench.untilSignal('ready')
    await bench.stage.supervisor.type('inc-1', [{ text: 'limit reached, resets in 90m' }])
    await bench.untilSignal('failure')
    const [failure, ...more] = bench.signals.filter((signal) => signal.type === 'failure')
    expect(more).toEqual([])
    expect(failure).toMatchObject({ class: 'quota', why: 'limit reached, resets in 90m', until: failure!.evidence.at + 5_400_000 })
  })

  it('goes on with one that was ready before, though its screen shows that no more', async () => {
    const before = await bench.open({ ready: 'never shown', idle: null })
    expect(await before.deliver('paste', parcel('x'))).toMatchObject({ result: 'refused', why: 'it is not ready' })
    before.close()
    await expect.poll(() => bench.stage.supervisor.screen('inc-1'), eventually).toContain('ready')
    const session = bench.adopt()
    await bench.untilSignal('idle')
    expect(await session.deliver('paste', parcel('hello'))).toMatchObject({ result: 'typed' })
    await expect.poll(() => bench.texts(), eventually).toEqual(['m-1\nhello'])
  })

  it('T15: a screen that cannot be read changes nothing', async () => {
    const session = await bench.open({})
    await bench.untilSignal('ready')
    bench.unreadable = new Error('no answer')
    await bench.stage.supervisor.type('inc-1', [{ text: 'a' }])
    await expect.poll(() => bench.unread, eventually).toBeGreaterThan(1)
    await expect(session.deliver('paste', parcel('x'))).rejects.toThrow('no answer')
    expect(bench.signals.map((signal) => signal.type)).toEqual(['ready'])
    bench.unreadable = null
    await bench.stage.supervisor.stop('inc-1', { polite: 'signal', graceMs: generous })
    await expect(session.deliver('paste', parcel('x'))).rejects.toMatchObject({ code: 'unknown' })
    expect(bench.signals.map((signal) => signal.type)).toEqual(['ready'])
  })
})

describe('what a description becomes', () => {
  const context = (folder: string, model: string | null) =>
    ({
      agent: { address: 'shop:dev', runtime: 'mine', model, cwd: '/', args: ['--last'] },
      incarnation: 'i',
      folder,
      url: 'http://127.0.0.1:7',
      env: { PATH: '/bin', A: '1' },
      briefing: 'You are dev.',
    }) as unknown as LaunchContext

  it('is a command with its blanks filled in, and notices of what it is not told', async () => {
    const stage = await tmuxStage('own')
    try {
      const args = ['--model={model}', '--role', '{mission}', '--mcp', '{mcp_url}']
      const runtime = generic({ ...plain, name: 'mine', binary: 'mine', args, env: { A: '2' } })
      const { spec, notices } = await runtime.launch(context(stage.folder, null))
      const mission = join(stage.folder, 'mission.txt')
      expect(spec.argv).toEqual(['mine', '--role', mission, '--mcp', 'http://127.0.0.1:7/mcp', '--last'])
      expect(spec.env).toEqual({ PATH: '/bin', A: '2', TROUPE_MISSION: mission })
      expect(readFileSync(mission, 'utf8')).toBe('You are dev.')
      expect(notices).toEqual([])
      expect((await runtime.launch(context(stage.folder, '$&'))).spec.argv[1]).toBe('--model=$&')
      const silent = await generic({ ...plain, args: [], sessionResume: '-c' }).launch(context(stage.folder, 'm'))
      expect(silent.notices).toHaveLength(3)
    } finally {
      await stage.end()
    }
  })

  it('says what is missing or wrong', async () => {
    const host = { env: { PATH: '/nowhere' }, home: '/', isRoot: false, clock: systemClock }
    expect(await generic({ ...plain, binary: 'no-such' }).health(host)).toMatchObject({ installed: false, problem: { why: expect.stringContaining('no-such') as string } })
    expect(await generic(plain).health(host)).toMatchObject({ installed: true, program: process.execPath, problem: null })
    expect(() => generic({ ...plain, busy: '(' })).toThrow(/no regular expression/)
    expect(() => generic(null)).toThrow(/description/)
  })
})
