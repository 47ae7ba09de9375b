import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Launch } from '../../src/core/runtime.ts'
import type { Failure, Rule, Step } from '../../src/proxy/scenario.ts'
import { claude } from '../../src/runtimes/claude/index.ts'
import { withClaude } from './claude-program.ts'
import { RuntimeStage, until, type Run } from './runtime-stage.ts'

const contains = (text: string) => (said: string) => (said.includes(text) ? [text] : null)
const tool = (name: string, args: Record<string, unknown> = {}): Step => ({ do: 'tool', tool: name, args, text: '', delay: 0 })
const say = (text: string): Step => ({ do: 'text', text, delay: 0 })
const on = (word: string, ...steps: Step[]): Rule => ({ when: contains(word), from: null, steps })

/** Two calls to the model: the first try, and one more. */
const tries = 2
/** Retries after which the wait before the next lasts for seconds, and cannot be missed on the screen. */
const seen = 4
const fails = (how: Failure, times = tries): Step => ({ do: 'fail', how, times, delay: 0 })
const status = (code: number, message: string, headers: Record<string, string> = {}): Failure => ({ kind: 'status', status: code, headers, message })
const resets = Math.floor(Date.now() / 1000) + 3600
const limited = { 'anthropic-ratelimit-unified-status': 'rejected', 'anthropic-ratelimit-unified-reset': String(resets), 'anthropic-ratelimit-unified-representative-claim': 'five_hour' }

const without = (names: string[], more: Record<string, string> = {}) => ({ spec, ...rest }: Launch): Launch => {
  const kept = Object.entries(spec.env).filter(([name]) => !names.includes(name))
  return { ...rest, spec: { ...spec, env: { ...Object.fromEntries(kept), CLAUDE_CODE_MAX_RETRIES: String(tries - 1), ...more } } }
}
const fewTries = without([])
const subscribed = without(['ANTHROPIC_AUTH_TOKEN'], { CLAUDE_CODE_OAUTH_TOKEN: `sk-ant-oat01-${'x'.repeat(80)}` })

const asksColour = { questions: [{ question: 'Which colour?', header: 'Colour', multiSelect: false, options: [{ label: 'Red', description: 'r' }, { label: 'Blue', description: 'b' }] }] }
const dialogWords = 'Do you want to proceed? Select login method: Auto mode can’t check actions. · retrying in 4s · attempt 1/10'

const rules = [
  on('ask COLOUR', tool('AskUserQuestion', asksColour), say('asked')),
  on('ask PLAN', tool('EnterPlanMode'), tool('ExitPlanMode', { plan: '# plan' }), say('planned')),
  on('ask BASH', tool('Bash', { command: 'touch made', description: 'makes a file' }), say('done')),
  on('say WORDS', say(dialogWords)),
  on('reach OUT', tool('SendMessage', { to: 'somebody', summary: 's', message: 'm' }), tool('ListAgents'), say('tried')),
  on('fail 429', fails(status(429, 'slow down'), seen + 1), say('recovered')),
  on('fail 401', fails(status(401, 'invalid x-api-key')), say('recovered')),
  on('fail 500', fails(status(500, 'Internal server error')), say('recovered')),
  on('fail 529', fails(status(529, 'Overloaded')), say('recovered')),
  on('fail DROP', fails({ kind: 'drop', midway: false }), say('recovered')),
  on('fail STREAM', fails({ kind: 'error', error: 'overloaded' }), say('recovered')),
  on('fail FULL', fails(status(400, 'prompt is too long: 210000 tokens > 200000 maximum')), say('recovered')),
  on('fail CREDIT', fails(status(400, 'Your credit balance is too low to access the Anthropic API.')), say('recovered')),
  on('fail MODEL', fails(status(404, 'model: claude-none')), say('recovered')),
  on('fail LIMIT', fails(status(429, 'This request would exceed your account’s rate limit.', limited)), say('recovered')),
]

const folderOf = (launch: Launch): string => launch.spec.env['CLAUDE_CONFIG_DIR']!
const inState = (change: (state: Record<string, unknown>) => void) => (launch: Launch) => {
  const file = join(folderOf(launch), '.claude.json')
  const state = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  change(state)
  writeFileSync(file, JSON.stringify(state))
  return launch
}
const argv = (change: (args: string[]) => string[], env: Record<string, string> = {}) => ({ spec, ...rest }: Launch): Launch => {
  return { ...rest, spec: { ...spec, argv: change(spec.argv), env: { ...spec.env, ...env } } }
}
const ownSettings = (args: string[]) => args.filter((arg, at) => arg !== '--setting-sources' && args[at - 1] !== '--setting-sources')
const projectServers = (args: string[]) => ownSettings(args).filter((arg) => arg !== '--strict-mcp-config')
const bypass = (args: string[]) => args.map((arg, at) => (args[at - 1] === '--permission-mode' ? 'bypassPermissions' : arg))

/** What has to be otherwise on the machine for Claude to ask before it has a session. */
const starts: [string, (stage: RuntimeStage) => (launch: Launch) => Launch, RegExp][] = [
  ['trust', () => inState((state) => void delete state['projects']), /folder is trusted/],
  ['first set-up', () => inState((state) => void delete state['hasCompletedOnboarding']), /first set-up/],
  ['an API key', () => without(['ANTHROPIC_AUTH_TOKEN'], { ANTHROPIC_API_KEY: 'sk-ant-loopback-0000000000' }), /API key/],
  ['bypass mode', () => argv(bypass, { IS_SANDBOX: '1' }), /bypass mode/],
  [
    '.mcp.json',
    (stage) => (launch) => {
      writeFileSync(join(stage.cwd, '.mcp.json'), JSON.stringify({ mcpServers: { other: { command: 'true', args: [] } } }))
      return argv(projectServers)(launch)
    },
    /\.mcp\.json/,
  ],
  [
    'CLAUDE.md from outside',
    (stage) => (launch) => {
      writeFileSync(join(stage.folder, 'outside.md'), 'outside')
      writeFileSync(join(stage.cwd, 'CLAUDE.md'), `@${stage.folder}/outside.md\n`)
      return argv(ownSettings)(launch)
    },
    /CLAUDE\.md may import/,
  ],
]

withClaude((env) => {
  describe('nothing of Claude Code’s stops silently', () => {
    const stages: RuntimeStage[] = []
    const make = async () => {
      const stage = await RuntimeStage.make(claude(), { env, rules })
      stages.push(stage)
      return stage
    }
    const ready = async (stage: RuntimeStage, change?: (launch: Launch) => Launch) => {
      const run = await stage.start(null, change)
      await run.signal('idle')
      return run
    }
    const tell = async (stage: RuntimeStage, run: Run, text: string) => {
      const from = run.signals.length
      expect((await run.session.deliver('push', stage.parcel('peer', text))).result).not.toBe('refused')
      return from
    }
    const notes = (run: Run, from = 0) => run.signals.slice(from).flatMap((signal) => (signal.type === 'note' ? [signal.evidence.what] : []))
    afterEach(async () => {
      for (const stage of stages.splice(0)) await stage.end()
    })

    it.each(starts)('T14: tells what it asks at its start: %s', async (_name, change, what) => {
      const stage = await make()
      const run = await stage.start(null, change(stage))
      const waiting = await run.signal('waiting')
      expect(waiting).toMatchObject({ what: expect.stringMatching(what) as string, fix: expect.stringMatching(/./) as string })
      expect(waiting.evidence.what).toMatch(/on its screen: .{20,}/)
    })

    it('T14: tells what it asks in a turn, and is not fooled by words', async () => {
      const stage = await make()
      const run = await ready(stage)
      const idle = async (from: number) => void (await run.signal('idle', undefined, from))
      // A dialog that is still being drawn takes no key.
      const refuse = async (from: number) => {
        const waits = run.signals.findIndex((signal, at) => at >= from && signal.type === 'waiting')
        await until('it is refused', async () => {
          await run.session.interrupt()
          return run.signals.slice(waits).some((signal) => signal.type === 'idle')
        })
      }
      const words = await tell(stage, run, 'say WORDS')
      await run.signal('usage', undefined, words)
      await idle(words)
      expect(run.signals.some((signal) => signal.type === 'waiting')).toBe(false)
      for (const [word, what, evidence] of [
        ['COLOUR', 'an answer to its question: Which colour?', 'asks for AskUserQuestion: Which colour?'],
        ['BASH', 'permission for Bash', 'asks for Bash: touch made'],
        ['PLAN', 'approval of its plan', 'asks for ExitPlanMode'],
      ] as const) {
        const from = await tell(stage, run, `ask ${word}`)
        expect(await run.signal('waiting', undefined, from)).toMatchObject({ what, fix: expect.stringContaining('Enter') as string })
        expect(notes(run, from)).toContain(evidence)
        await refuse(from)
      }
      // What a person opens by a command, and what nobody has seen before.
      for (const [command, what] of [['/model', 'a choice of model'], ['/login', 'a login'], ['/theme', 'unknown']] as const) {
        const from = run.signals.length
        await run.type({ text: command })
        await until('the command is there', async () => new RegExp(`❯\\s${command}`).test(await run.screen()))
        await run.type({ keys: ['Enter'] })
        const waiting = await run.signal('waiting', undefined, from)
        expect(waiting.what).toBe(what)
        expect(waiting.evidence).toMatchObject({ source: 'screen', what: expect.stringMatching(/dialog open; on its screen: ./) as string })
        await refuse(from)
      }
    })

    it.each([
      ['429', 'rate_limit', { class: 'transient', until: null }],
      ['500', 'server_error', { class: 'transient', until: null }],
      ['529', 'server_error', { class: 'transient', until: null }],
      ['STREAM', 'server_error', { class: 'transient', until: null }],
      ['401', 'authentication_failed', { class: 'auth', fix: expect.stringContaining('/login') as string }],
      ['FULL', 'invalid_request', { class: 'config', fix: expect.stringContaining('/compact') as string }],
      ['CREDIT', 'billing_error', { class: 'quota', until: null, fix: expect.stringContaining('funds') as string }],
      ['MODEL', 'model_not_found', { class: 'config', fix: expect.stringContaining('model') as string }],
    ])('tells a failing model: %s', async (word, error, failure) => {
      const stage = await make()
      const run = await ready(stage, word === '429' ? without([], { CLAUDE_CODE_MAX_RETRIES: String(seen) }) : fewTries)
      const from = await tell(stage, run, `fail ${word}`)
      const said = new RegExp(`turn failed \\(${error}\\): .`)
      const found = await run.signal('failure', undefined, from)
      expect(found).toMatchObject(failure)
      expect(found.evidence.what).toMatch(said)
      const busy = await run.signal('busy', undefined, from)
      await run.signal('idle', undefined, run.signals.indexOf(busy))
      if (word === '429') await until('the retry is told', () => notes(run, from).some((note) => /asked again: 429 slow down · retrying/.test(note)))
      // The cause is gone: until the model answers, the same process asks it anew.
      await until('a new turn succeeds', async () => {
        const again = await tell(stage, run, 'and now?')
        const taken = await run.signal('busy', undefined, again)
        await run.signal('idle', undefined, run.signals.indexOf(taken))
        return stage.model.requests().at(-1)?.outcome === 'answered'
      })
    })

    it('goes on by itself when a connection to the model breaks', async () => {
      const stage = await make()
      const run = await ready(stage)
      const from = await tell(stage, run, 'fail DROP')
      await until('it recovers', () => stage.model.requests().at(-1)?.outcome === 'answered')
      await until('the retry is told', () => notes(run, from).some((note) => /asked again/.test(note)))
      expect(run.signals.filter((signal) => signal.type === 'failure')).toEqual([])
    })

    it('T14: a used-up limit parks until the provider’s time', async () => {
      const stage = await make()
      const run = await ready(stage, subscribed)
      const from = await tell(stage, run, 'fail LIMIT')
      const failure = await run.signal('failure', undefined, from)
      expect(failure).toMatchObject({ class: 'quota', why: expect.stringMatching(/hit your .*limit · resets/) as string })
      // Claude says the minute.
      expect(Math.abs(failure.until! - resets * 1000)).toBeLessThanOrEqual(60_000)
      const asked = run.signals.length
      await run.type({ text: '/rate-limit-options' })
      await until('the command is there', async () => /❯\s\/rate-limit-options/.test(await run.screen()))
      await run.type({ keys: ['Enter'] })
      expect(await run.signal('waiting', undefined, asked)).toMatchObject({ what: 'what to do about a used-up usage limit', fix: expect.stringContaining('Enter') as string })
    })

    it('T14: a failed turn is told though its hook is lost, to the next daemon too, and not once it is over', async () => {
      const stage = await make()
      const run = await ready(stage, subscribed)
      stage.hooks = '500'
      const from = await tell(stage, run, 'fail LIMIT')
      expect(await run.signal('failure', undefined, from)).toMatchObject({ class: 'quota', evidence: { source: 'transcript' } })
      run.forget()
      const next = run.adopt()
      expect(await next.signal('failure')).toMatchObject({ class: 'quota', why: expect.stringMatching(/limit · resets/) as string })
      stage.hooks = 'answers'
      await until('a new turn succeeds', async () => {
        const again = await tell(stage, next, 'and now?')
        const busy = await next.signal('busy', undefined, again)
        await next.signal('idle', undefined, next.signals.indexOf(busy))
        return stage.model.requests().at(-1)?.outcome === 'answered'
      })
      await next.signal('usage')
      next.forget()
      const last = run.adopt()
      await last.signal('usage')
      await last.signal('idle')
      expect(last.signals.filter((signal) => signal.type === 'failure')).toEqual([])
    })

    it('T14: who is logged out is blocked, with the way back in', async () => {
      const stage = await make()
      const run = await ready(stage, without(['ANTHROPIC_AUTH_TOKEN']))
      const from = await tell(stage, run, 'hello')
      expect(await run.signal('failure', undefined, from)).toMatchObject({
        class: 'auth',
        why: expect.stringContaining('Not logged in') as string,
        fix: expect.stringContaining('/login') as string,
      })
    })

    it('T16: goes on while the hooks hang', async () => {
      const stage = await make()
      const run = await ready(stage)
      stage.hooks = 'hangs'
      const from = await tell(stage, run, 'hello')
      await until('the turn is over', () => stage.model.requests().filter((each) => each.kind === 'turn').length === 1)
      await run.signal('proof', (signal) => signal.proof === 'record', from)
      const busy = await run.signal('busy', undefined, from)
      await run.signal('idle', undefined, run.signals.indexOf(busy))
      const asked = await tell(stage, run, 'ask BASH')
      // No hook names the tool: the question comes all the same, and the screen tells.
      expect(await run.signal('waiting', undefined, asked)).toMatchObject({ what: 'a permission', evidence: { source: 'screen' } })
    })

    it('T16: goes on past hooks that answer garbage, fail, hang up, or answer too late', async () => {
      const stage = await make()
      const run = await ready(stage)
      for (const how of ['garbage', 'other JSON', '500', 'cut', 'late'] as const) {
        stage.hooks = how
        const turns = stage.model.requests().filter((each) => each.kind === 'turn').length
        const from = await tell(stage, run, `hello, hooks that do this: ${how}`)
        await run.signal('proof', undefined, from)
        // Without hooks a turn of a moment is told by its end alone.
        await until('the model was asked', () => stage.model.requests().filter((each) => each.kind === 'turn').length > turns)
        await run.signal('idle', undefined, from)
        // One turn: what such a hook said has not kept it from stopping.
        expect({ how, turns: stage.model.requests().filter((each) => each.kind === 'turn').length }).toEqual({ how, turns: turns + 1 })
      }
      // No answer of theirs lets a tool through.
      stage.hooks = 'other JSON'
      const asked = await tell(stage, run, 'ask BASH')
      expect(await run.signal('waiting', undefined, asked)).toMatchObject({ what: 'a permission', evidence: { source: 'screen' } })
    }, 120_000)

    it('has no way past the team to other sessions', async () => {
      const stage = await make()
      const run = await ready(stage)
      const from = await tell(stage, run, 'reach OUT')
      const busy = await run.signal('busy', undefined, from)
      await run.signal('idle', undefined, run.signals.indexOf(busy))
      expect(stage.model.requests().at(-1)?.text).toMatch(/"SendMessage", which is not on offer[^]*"ListAgents", which is not on offer/)
    })

    it('brings back the team’s tools after a daemon that was away too long', async () => {
      const stage = await make()
      const run = await ready(stage)
      await until('it listens', () => stage.tools.of('office:alice').open())
      run.forget()
      await stage.away()
      await new Promise((resolve) => setTimeout(resolve, 25_000))
      stage.back()
      const adopted = run.adopt()
      await until('it listens again', () => stage.tools.of('office:alice').open())
      await until('that is told', () => notes(adopted).some((note) => /brought them back/.test(note)))
      adopted.forget()
    }, 120_000)
  })
})
