import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Clock } from '../../core/clock.ts'
import type { Parcel, SessionContext, Signal } from '../../core/runtime.ts'
import type { Typing } from '../../core/supervisor.ts'
import { geminiFiles } from './files.ts'
import { GeminiSession } from './session.ts'

const id = '11111111-1111-4111-8111-111111111111'
const idle = ['────────────', ' Shift+Tab to accept edits', '▄'.repeat(12), ' >   Type your message or @path/to/file', '▀'.repeat(12), ' /srv/work'].join('\n')
const parcel = { id: 'm', n: 7, text: '[mail #7 · from user · id m]\n<<<f00\nhello\nf00>>>', marker: 'id m', trust: 'operator', priority: 'normal', pictures: [] } as Parcel

/** A minute in half a second. */
const haste = 120
const clock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now() * haste,
  after: (ms, run) => {
    const timer = setTimeout(run, ms / haste)
    return () => clearTimeout(timer)
  },
}

let folder: string
let session: GeminiSession
let signals: Signal[]
let typed: Typing[]
let looks: number
/** What stands in the input box, and Enters that are still to be lost. */
let box: string
let lost: number
let record: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemini-session-'))
  const chats = join(geminiFiles(folder).tmp, 'work', 'chats')
  mkdirSync(chats, { recursive: true })
  record = join(chats, 'session-2026-11-21T15-00-11111111.jsonl')
  writeFileSync(record, `${JSON.stringify({ sessionId: id })}\n`)
  ;[signals, typed, looks, box, lost] = [[], [], 0, '', 0]
  session = open({ wasReady: true })
})
afterEach(() => {
  session.close()
  rmSync(folder, { recursive: true, force: true })
})

function open({ wasReady }: Pick<SessionContext, 'wasReady'>): GeminiSession {
  const terminal = {
    type: (input: Typing[]) => (input.forEach(onTyped), Promise.resolve(void typed.push(...input))),
    screen: () => ((looks += 1), Promise.resolve(box === '' ? idle : idle.replace(/ >.*/, ` > ${box}`))),
  }
  const tools = { open: () => true, heardAt: () => 1 }
  const opened = new GeminiSession({ agent: { permissionMode: 'auto' }, incarnation: 'i', pid: 1, startedAt: Date.now(), session: id, wasReady, folder, host: { clock, home: folder, env: {}, isRoot: false }, terminal, tools } as unknown as SessionContext)
  opened.subscribe((signal) => signals.push(signal))
  return opened
}

function onTyped(each: Typing): void {
  if ('paste' in each && lost > 0) box = '[Pasted Text: 9 lines]'
  if (!('keys' in each) || box === '' || (lost -= 1) > 0) return
  box = ''
  void session.hook({ hook_event_name: 'BeforeAgent', prompt: parcel.text })
}

const patiently = { timeout: 20_000, interval: 5 }
const pastes = () => typed.filter((each) => 'paste' in each).length
const seen = (type: Signal['type']) => signals.filter((signal) => signal.type === type).length

async function taken(times: number): Promise<void> {
  await vi.waitFor(() => expect(pastes()).toBe(times), patiently)
  await session.hook({ hook_event_name: 'BeforeAgent', prompt: parcel.text })
}

async function failed(content: string): Promise<void> {
  appendFileSync(record, `${JSON.stringify({ id: content, timestamp: new Date().toISOString(), type: 'error', content })}\n`)
  await session.hook({ hook_event_name: 'AfterAgent', prompt_response: '[no response text]' })
  await vi.waitFor(() => expect(seen('failure')).toBe(1), patiently)
}

it('is not ready by its input box alone while it has still to take its conversation up again: what is typed then is lost', async () => {
  session.close()
  ;[signals, typed] = [[], []]
  session = open({ wasReady: false })
  await new Promise<void>((resolve) => void clock.after(10_000, resolve))
  expect([seen('ready'), seen('idle')]).toEqual([0, 0])
  await session.hook({ hook_event_name: 'SessionStart', source: 'resume', session_id: id })
  await vi.waitFor(() => expect(seen('ready')).toBe(1), patiently)
})

it('leaves what was pasted and never taken to be given again', async () => {
  await vi.waitFor(() => expect(seen('idle')).toBe(1), patiently)
  expect(await session.deliver('paste', parcel)).toMatchObject({ result: 'taken' })
})

it('brings again, after a while, what a failed turn took out of the conversation', async () => {
  await vi.waitFor(() => expect(seen('idle')).toBe(1), patiently)
  const attempt = session.deliver('paste', parcel)
  await taken(1)
  expect(await attempt).toMatchObject({ result: 'proved', proof: 'hook' })
  await failed('[API Error: slow down]\nPlease wait and try again later.')
  await taken(2)
  await vi.waitFor(() => expect(seen('proof')).toBe(2), patiently)
})

it('leaves it where a person has to mend something first', async () => {
  await vi.waitFor(() => expect(seen('idle')).toBe(1), patiently)
  const attempt = session.deliver('paste', parcel)
  await taken(1)
  await attempt
  await failed('[API Error: {"error":{"code":401,"message":"no such key"}}]')
  await new Promise<void>((resolve) => void clock.after(180_000, resolve))
  expect(pastes()).toBe(1)
})

it('tells the last words of a turn before its end, where there were any', async () => {
  await vi.waitFor(() => expect(seen('idle')).toBe(1), patiently)
  await session.hook({ hook_event_name: 'BeforeAgent', prompt: 'publish it' })
  await session.hook({ hook_event_name: 'AfterAgent', prompt_response: 'It is published.' })
  await session.hook({ hook_event_name: 'BeforeAgent', prompt: 'and now' })
  await session.hook({ hook_event_name: 'AfterAgent', prompt_response: '[no response text]' })
  expect(signals.filter(({ type }) => type === 'said')).toEqual([{ type: 'said', text: 'It is published.', at: expect.any(Number) }])
  const order = signals.map(({ type }) => type)
  expect(order.indexOf('said')).toBeLessThan(order.lastIndexOf('idle'))
})

it('enters by itself what it had typed, and what stood in the box because each Enter was lost', async () => {
  await vi.waitFor(() => expect(seen('idle')).toBe(1), patiently)
  lost = 12
  expect(await session.deliver('paste', parcel)).toMatchObject({ result: 'taken' })
  expect([box, seen('proof')]).toEqual(['[Pasted Text: 9 lines]', 0])
  await vi.waitFor(() => expect(seen('proof')).toBe(1), patiently)
  expect(pastes()).toBe(1)
})

it('looks at the screen of one that rests where something was drawn, and seldom otherwise', async () => {
  const log = join(folder, 'supervisor.log')
  writeFileSync(log, 'drawn')
  await vi.waitFor(() => expect(seen('idle')).toBe(1), patiently)
  await new Promise<void>((resolve) => void clock.after(5_000, resolve))
  const before = looks
  await new Promise<void>((resolve) => void clock.after(24_000, resolve))
  expect(looks - before).toBeLessThan(3)
  const rested = looks
  appendFileSync(log, 'more')
  await vi.waitFor(() => expect(looks).toBeGreaterThan(rested), patiently)
})
