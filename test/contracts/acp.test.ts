import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { Agent } from '../../src/core/team.ts'
import { acp } from '../../src/runtimes/acp/index.ts'
import { onePixel } from '../fixtures/one-pixel.ts'
import { RuntimeStage, until, type Run } from './runtime-stage.ts'
import { overAgain } from './runtime-subject.ts'

const binary = fileURLToPath(new URL('../fixtures/acp-agent.mjs', import.meta.url))
const descriptor = { name: 'small', binary, args: [], protocol: 'acp' as const, supportsMcp: true, sessionResume: null, defaultModel: null, env: {}, ready: null, busy: null, idle: null, rateLimitPatterns: [] }

describe('an agent of the Agent Client Protocol', () => {
  const stages: RuntimeStage[] = []
  const runs: Run[] = []

  afterEach(async () => {
    for (const run of runs.splice(0)) run.forget()
    for (const each of stages.splice(0)) await each.end()
  })

  async function stage(agent: Partial<Agent> = {}, args: string[] = [], auth?: string): Promise<RuntimeStage> {
    const made = await RuntimeStage.make(acp({ ...descriptor, args, ...(auth === undefined ? {} : { auth }) }), { env: {}, rules: [], agent: { mode: 'protocol', ...agent } })
    stages.push(made)
    return made
  }

  const requestsOf = (on: RuntimeStage) => readFileSync(join(on.cwd, 'asked'), 'utf8').trim().split('\n')

  async function start(on: RuntimeStage, session: string | null = null): Promise<Run> {
    const run = await on.start(session)
    runs.push(run)
    await run.signal('ready')
    await run.signal('idle')
    return run
  }

  async function tell(on: RuntimeStage, run: Run, text: string) {
    const [from, parcel] = [run.signals.length, on.parcel('operator', text)]
    expect(await run.session.deliver('push', parcel)).toMatchObject({ result: 'taken' })
    return { from, ...parcel }
  }

  it('is found where its description says, by an absolute path too', async () => {
    const { host } = await stage()
    expect(await acp(descriptor).health(host)).toMatchObject({ installed: true, program: binary, version: '1.2.3', problem: null })
    expect(await acp({ ...descriptor, binary: `${binary}.none` }).health(host)).toMatchObject({ installed: false, problem: { why: expect.stringContaining('acp-agent.mjs.none') as string } })
  })

  it('is told who it is, has the team’s tools by its own token, which stands in no file of ours, and answers', async () => {
    const on = await stage()
    const run = await start(on)
    const { from, marker } = await tell(on, run, 'hello')
    expect((await run.signal('proof')).marker).toBe(marker)
    await overAgain(run, from)
    expect(await run.signal('said')).toMatchObject({ text: 'understood' })
    expect((await run.signal('session')).id).toBe('s1')
    const [team] = JSON.parse(readFileSync(join(on.cwd, 'mcp.json'), 'utf8')) as { name: string; url: string; headers: { value: string }[] }[]
    expect(team).toMatchObject({ name: 'team', url: expect.stringMatching(/^http:.*\/mcp$/) as string, headers: [{ value: 'Bearer token-of-alice' }] })
    const files = readdirSync(on.agentFolder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    for (const each of files) expect(readFileSync(join(each.parentPath, each.name), 'utf8')).not.toContain('token-of-alice')
    expect(await run.screen()).toMatch(/BRIEFING-OF-ALICE[\s\S]*hello[\s\S]*● understood/)
    expect((await run.stop()).took).not.toBe('SIGKILL')
  })

  it('takes no second prompt in the middle of a turn, which would end the first with some; is interrupted, and goes on', async () => {
    const on = await stage()
    const run = await start(on)
    const { from } = await tell(on, run, 'SLOW')
    await run.signal('busy', undefined, from)
    expect(await run.session.deliver('push', on.parcel('peer', 'meanwhile'))).toMatchObject({ result: 'refused' })
    await run.type({ text: 'typed at the pane' }, { keys: ['Enter'] })
    await run.session.interrupt()
    await run.signal('idle', undefined, from)
    await until('what was typed meanwhile is its next turn', async () => /› typed at the pane\n● understood/.test(await run.screen()))
    await overAgain(run, (await tell(on, run, 'and now')).from)
  })

  it.each([
    [{ do: 'allow', why: 'a person said so' } as const, 'it was once'],
    [{ do: 'deny', why: 'a person said no' } as const, 'it was no'],
  ])('asks leave through the gate, the rules first: %j', async (verdict, said) => {
    const on = await stage()
    const asked: string[] = []
    on.verdict = ({ stage: at, call }) => (asked.push(`${at} ${call.kind} ${call.command}`), at === 'call' ? { do: 'pass' } : verdict)
    const run = await start(on)
    const { from } = await tell(on, run, 'ASK')
    await run.signal('waiting')
    await overAgain(run, from)
    expect(asked).toEqual(['call shell touch made', 'prompt shell touch made'])
    expect((await run.signal('said')).text).toBe(said)
  })

  it('waits with its question for the next daemon', async () => {
    const on = await stage()
    const run = await start(on)
    await tell(on, run, 'ASK')
    await run.signal('waiting')
    run.forget()
    on.verdict = () => ({ do: 'allow', why: 'a person said so' })
    const adopted = run.adopt()
    runs.push(adopted)
    await adopted.signal('waiting')
    await adopted.signal('idle')
    expect((await adopted.signal('said')).text).toBe('it was once')
    expect((await adopted.signal('proof')).evidence.source).toBe('protocol')
  })

  it('takes its conversation up again, or begins a fresh one and says so', async () => {
    const on = await stage({ permissionMode: 'plan' })
    const run = await start(on, 's1')
    expect((await run.signal('session')).id).toBe('s1')
    expect(run.signals.some(({ type }) => type === 'busy')).toBe(false)
    expect(readFileSync(join(on.cwd, 'mode'), 'utf8')).toBe('plan')
    await run.kill()
    const fresh = await start(on, 'another')
    expect((await fresh.signal('note')).evidence.what).toContain('another could not be taken up')
    await overAgain(fresh, (await tell(on, fresh, 'hello')).from)
  })

  it.each([
    ['sees the pictures of a message where it says that it can', ['--pictures'], `understood, and saw image/png ${onePixel(7).toString('base64')}`],
    ['is given none where it does not', [], 'understood'],
  ])('%s', async (_what, args, said) => {
    const on = await stage({}, args)
    const run = await start(on)
    const from = run.signals.length
    expect(await run.session.deliver('push', on.parcel('peer', 'look', undefined, onePixel(7)))).toMatchObject({ result: 'taken' })
    await overAgain(run, from)
    expect((await run.signal('said')).text).toBe(said)
  })

  it('logs in by the way that its description names, and then has a conversation', async () => {
    const on = await stage({}, ['--locked'], 'key')
    const run = await start(on, 's1')
    expect(requestsOf(on)).toEqual(['initialize', 'session/load', 'authenticate', 'session/load'])
    await overAgain(run, (await tell(on, run, 'hello')).from)
    expect(run.signals.filter(({ type }) => type === 'failure')).toEqual([])
  })

  it.each([
    [['--locked'], undefined, ['initialize', 'session/new']],
    [['--shut'], 'key', ['initialize', 'session/new', 'authenticate', 'session/new']],
  ])('is asked for a conversation no more where it wants a login that it does not get, and says how it could: %j', async (args, auth, expected) => {
    const on = await stage({}, args, auth)
    const run = await on.start()
    runs.push(run)
    const failure = await run.signal('failure')
    expect(failure).toMatchObject({ class: 'auth', why: 'Authentication required', fix: expect.stringContaining('Log in (browser), Key (key)') as string })
    await run.stop()
    expect(requestsOf(on)).toEqual(expected)
    expect(run.signals.filter(({ type }) => type === 'failure')).toHaveLength(1)
  })

  it('says that it must log in', async () => {
    const on = await stage()
    const run = await start(on)
    const { from } = await tell(on, run, 'FAIL')
    expect(await run.signal('failure')).toMatchObject({ class: 'auth', why: 'Authentication required' })
    await overAgain(run, from)
  })
})
