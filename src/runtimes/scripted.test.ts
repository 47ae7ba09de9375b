import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { render } from '../core/envelope.ts'
import type { LaunchContext, Parcel, Session, Signal } from '../core/runtime.ts'
import type { Typing } from '../core/supervisor.ts'
import type { Agent } from '../core/team.ts'
import type { Message, Trust } from '../core/message.ts'
import { scripted } from './scripted.ts'

const host = { env: {}, home: '/', isRoot: false, clock: { ...systemClock, now: () => 5 } }
const agent = { address: 'p:a', model: null, args: ['--quiet'], cwd: '/' } as unknown as Agent
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runtime-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('launch', () => {
  const context = (more: Partial<LaunchContext> = {}) =>
    ({
      agent,
      incarnation: 'i',
      host,
      folder,
      url: 'http://127.0.0.1:1',
      programs: { node: '/node', scripted: '/scripted.js', hook: '', shim: '', lane: '' },
      env: { TROUPE_AGENT_TOKEN: 'secret' },
      briefing: 'You are p:a.',
      session: null,
      rehearsal: true,
      ...more,
    }) as LaunchContext

  it('names a conversation, or resumes the one there was', async () => {
    const fresh = await scripted().launch(context())
    expect(fresh.session).toMatch(/^[0-9a-f-]{36}$/)
    const { spec, session } = await scripted().launch(context({ session: 'before' }))
    expect(session).toBe('before')
    expect(spec.argv.join(' ')).toContain('/scripted.js --folder')
    expect(spec.argv.join(' ')).toContain('--session before')
    expect(spec.argv.at(-1)).toBe('--quiet')
    expect(readFileSync(join(folder, 'mission.txt'), 'utf8')).toBe('You are p:a.')
  })

  it('keeps the token out of the command line, and points to a model only in rehearsal', async () => {
    const { spec } = await scripted().launch(context())
    expect(spec.argv.join(' ')).not.toContain('secret')
    expect(spec.env).toEqual({ TROUPE_AGENT_TOKEN: 'secret', TROUPE_URL: 'http://127.0.0.1:1', TROUPE_MODEL_URL: 'http://127.0.0.1:1/model' })
    expect((await scripted().launch(context({ rehearsal: false }))).spec.env).not.toHaveProperty('TROUPE_MODEL_URL')
  })
})

describe('a session', () => {
  let typed: Typing[]
  let signals: Signal[]
  let session: Session

  beforeEach(() => {
    typed = []
    signals = []
    const terminal = { type: (input: Typing[]) => (typed.push(...input), Promise.resolve()), screen: () => Promise.resolve('') }
    session = scripted().open({ agent, incarnation: 'i', pid: 1, startedAt: 0, session: null, wasReady: false, folder, laneSocket: '/lane.sock', judge: async () => ({ do: 'pass' }), host, terminal, tools: { open: () => true, heardAt: () => null } })
    session.subscribe((signal) => signals.push(signal))
  })

  function parcel(trust: Trust): Parcel {
    const id = '01900000-0000-7000-8000-000000000001'
    const ids = { id, n: 3, from: 'user', to: 'p:a', project: 'p', threadId: '01900000-0000-7000-8000-00000000000f', chain: id }
    const message = { ...ids, taint: [] as string[], attachments: [] as Message['attachments'], text: 'hello', priority: 'normal', trust, key: null, hop: 0, control: null, sentAt: 0 } as const
    return render({ name: null, message, role: null, trust, nonce: 'n', again: false })
  }

  it('turns what the agent posts into signals', async () => {
    const tokens = { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 }
    const seen = (what: string) => ({ at: 5, what, source: 'hook' })
    await session.hook({ event: 'ready', session: 'c', resumed: false })
    await session.hook({ event: 'busy' })
    await session.hook({ event: 'usage', key: 'k', at: 4, model: 'm', tokens })
    await session.hook({ event: 'failure', class: 'quota', why: '429', until: 9 })
    await session.hook({ event: 'failure', class: 'other', why: '500', until: null })
    await session.hook({ event: 'idle' })
    expect(signals).toEqual([
      { type: 'session', id: 'c', evidence: seen('conversation c') },
      { type: 'ready', evidence: seen('ready') },
      { type: 'busy', evidence: seen('busy') },
      { type: 'usage', usage: { key: 'k', at: 4, model: 'm', tokens } },
      { type: 'failure', class: 'quota', why: '429', until: 9, evidence: seen('429') },
      { type: 'note', evidence: seen('500') },
      { type: 'idle', evidence: seen('idle') },
    ])
  })

  it('answers a post that it does not understand with what is wrong', async () => {
    expect(await session.hook({ event: 'usage', tokens: -1 })).toEqual({ error: expect.stringContaining('key') })
    expect(signals).toEqual([])
  })

  it('pastes an operator’s message, proved when the agent echoes it', async () => {
    const letter = parcel('operator')
    expect(await session.deliver('paste', letter)).toMatchObject({ result: 'taken' })
    expect(typed).toEqual([{ paste: letter.text }, { keys: ['Enter'] }])
    await session.hook({ event: 'taken', text: letter.text })
    expect(signals).toMatchObject([{ type: 'proof', marker: letter.marker, proof: 'hook' }])
  })

  it('never enters a peer as the user', async () => {
    for (const trust of ['peer', 'lead', 'bridged', 'external'] as const) {
      expect(await session.deliver('paste', parcel(trust))).toMatchObject({ result: 'refused' })
    }
    expect(await session.deliver('push', parcel('operator'))).toMatchObject({ result: 'refused' })
    expect(typed).toEqual([])
  })

  it('interrupts by C-c, and is silent once closed', async () => {
    await session.interrupt()
    expect(typed).toEqual([{ keys: ['C-c'] }])
    session.close()
    await session.hook({ event: 'idle' })
    expect(signals).toEqual([])
  })
})
