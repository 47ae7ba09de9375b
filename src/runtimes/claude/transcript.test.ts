import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Tail } from '../tail.ts'
import { readLine, startedIn, Transcript } from './transcript.ts'

const timestamp = '2026-11-21T06:12:32.560Z'
const at = Date.parse(timestamp)
const line = (record: object) => JSON.stringify({ timestamp, ...record })
const user = (content: unknown, more = {}) => line({ type: 'user', message: { role: 'user', content }, ...more })
const call = (id: string, stop: string | null, output: number) =>
  line({
    type: 'assistant',
    message: {
      ...{ id, model: 'claude-opus-5-5', stop_reason: stop, content: [{ type: 'text', text: 'quotes mail-7' }] },
      usage: { input_tokens: 101, output_tokens: output, cache_read_input_tokens: 7, cache_creation_input_tokens: 3 },
    },
  })
const cost = (key: string, output: number) => ({
  type: 'usage',
  usage: { key, at, model: 'claude-opus-5-5', tokens: { input: 101, output, cacheRead: 7, cacheWrite: 3 } },
})

async function all<T>(each: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of each) found.push(one)
  return found
}

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'troupe-transcript-'))))
afterEach(() => rmSync(folder, { recursive: true }))

describe('a line', () => {
  it.each([
    ['a prompt', user('hello mail-7', { origin: { kind: 'human' } }), 'hello mail-7'],
    ['a push', user('Another Claude session sent a message:\nmail-7\n\nThis came from…', { isMeta: true }), 'mail-7'],
    ['the answer to a Stop hook', user('Stop hook feedback:\nmail-7', { isMeta: true }), 'mail-7'],
    ['a prompt of several blocks', user([{ type: 'text', text: 'mail-7' }, { type: 'image' }]), 'mail-7'],
    ['a message that joined a turn', line({ type: 'attachment', attachment: { type: 'queued_command', prompt: 'mail-7' } }), 'mail-7'],
  ])('shows text that entered: %s', (_name, text, part) => {
    expect(readLine(text)).toMatchObject({ type: 'entered', text: expect.stringContaining(part) as string, at })
  })

  it.each([
    ['waits in the queue, and dies with the process', line({ type: 'queue-operation', operation: 'enqueue', content: 'mail-7' })],
    ['left the queue', line({ type: 'queue-operation', operation: 'remove', content: 'mail-7' })],
    ['is what a tool returned', user([{ type: 'tool_result', tool_use_id: 't', content: 'mail-7' }])],
    ['is the last prompt, noted again', line({ type: 'last-prompt', lastPrompt: 'mail-7' })],
    ['belongs to a sub-agent', user('mail-7', { isSidechain: true })],
    ['is another attachment', line({ type: 'attachment', attachment: { type: 'hook_success', stdout: 'mail-7' } })],
    ['was cut by a crash', user('mail-7').slice(0, -3)],
    ['is no record', '7'],
  ])('shows nothing where the text %s', (_name, text) => {
    expect(readLine(text)).toBeNull()
  })

  it('tells what was written to the cache for an hour: it has a price of its own', () => {
    const usage = { input_tokens: 1, output_tokens: 2, cache_creation_input_tokens: 30, cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 } }
    expect(readLine(line({ type: 'assistant', message: { id: 'c1', model: 'm', stop_reason: 'end_turn', usage } }))).toMatchObject({ usage: { tokens: { input: 1, output: 2, cacheRead: 0, cacheWrite: 30, cacheWriteLong: 20 } } })
  })

  it('T14: shows a turn that failed, unless it is a sub-agent’s or only quoted', () => {
    const text = 'You’ve hit your 5-hour limit · resets 10:56am (UTC)'
    const record = { type: 'assistant', error: 'rate_limit', isApiErrorMessage: true, message: { model: '<synthetic>', content: [{ type: 'text', text }] } }
    expect(readLine(line(record))).toEqual({ type: 'failed', error: 'rate_limit', text, at })
    expect(readLine(line({ ...record, error: 7, message: { content: null } }))).toEqual({ type: 'failed', error: 'unknown', text: '', at })
    expect(readLine(line({ ...record, isSidechain: true }))).toBeNull()
    expect(readLine(user(line(record)))?.type).toBe('entered')
  })

  it('is no proof where the model says it', () => {
    expect(readLine(call('m', 'end_turn', 1))?.type).toBe('usage')
  })
})

describe('Transcript', () => {
  const facts = async (transcript: Transcript) => await all(transcript.facts())

  it('counts each call once, with its last figures, also one that was interrupted', async () => {
    const file = join(folder, 's.jsonl')
    const synthetic = call('e', 'stop_sequence', 0).replace('claude-opus-5-5', '<synthetic>')
    const lines = [call('a', 'tool_use', 21), call('a', 'tool_use', 21), call('b', null, 1), user('again'), call('c', null, 1), call('c', 'end_turn', 30), synthetic]
    writeFileSync(file, `${lines.join('\n')}\n`)
    const transcript = new Transcript(file)
    const usage = (await facts(transcript)).filter((fact) => fact.type === 'usage')
    expect(usage).toEqual([cost('a', 21), cost('b', 1), cost('c', 30)])
    expect(await facts(transcript)).toEqual([])
  })

  it('counts a call that was interrupted though nothing follows it, and its last figures where they come', async () => {
    const file = join(folder, 's.jsonl')
    writeFileSync(file, `${call('b', null, 1)}\n`)
    const transcript = new Transcript(file)
    expect(await facts(transcript)).toEqual([cost('b', 1)])
    expect(await facts(transcript)).toEqual([])
    appendFileSync(file, `${call('b', 'end_turn', 9)}\n`)
    expect(await facts(transcript)).toEqual([cost('b', 9)])
  })

  it('counts what sub-agents cost, and takes nothing else from them', async () => {
    const file = join(folder, 's.jsonl')
    mkdirSync(join(folder, 's', 'subagents'), { recursive: true })
    writeFileSync(file, `${call('a', 'end_turn', 1)}\n`)
    writeFileSync(join(folder, 's', 'subagents', 'agent-1.jsonl'), `${user('mail-7', { isSidechain: true })}\n${call('z', 'end_turn', 5)}\n`)
    expect(await facts(new Transcript(file))).toEqual([cost('a', 1), cost('z', 5)])
  })
})

describe('Tail', () => {
  const lines = async (tail: Tail) => await all(tail.lines())

  it('gives whole lines once, however they arrive', async () => {
    const file = join(folder, 't')
    const tail = new Tail(file)
    expect(await lines(tail)).toEqual([])
    writeFileSync(file, 'one\ntw')
    expect(await lines(tail)).toEqual(['one'])
    appendFileSync(file, Buffer.from('oé\nth').subarray(0, 2))
    expect(await lines(tail)).toEqual([])
    appendFileSync(file, Buffer.from('oé\nth').subarray(2))
    expect(await lines(tail)).toEqual(['twoé'])
    appendFileSync(file, 'ree\n')
    expect(await lines(tail)).toEqual(['three'])
  })
})

it('finds the folder a conversation began in', async () => {
  const file = join(folder, 's.jsonl')
  writeFileSync(file, `${line({ type: 'mode' })}\n${user('hi', { cwd: '/srv/a' })}\n${user('hi', { cwd: '/srv/b' })}\n`)
  expect(await startedIn(file)).toBe('/srv/a')
  writeFileSync(file, `${line({ type: 'mode' })}\n`)
  expect(await startedIn(file)).toBeNull()
})
