import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findSession, hasPrompts, readLine, SessionRecord } from './record.ts'

const timestamp = '2026-11-21T15:52:24.495Z'
const at = Date.parse(timestamp)
const line = (record: object) => JSON.stringify({ timestamp, ...record })
const answer = (tokens: object | null, id = 'a') => line({ id, type: 'gemini', content: 'hi', model: 'gemini-2.5-flash', tokens })
const tokens = { input: 100, output: 7, cached: 60, thoughts: 5, tool: 3, total: 115 }

let tmp: string
beforeEach(() => void (tmp = mkdtempSync(join(tmpdir(), 'gemini-record-'))))
afterEach(() => rmSync(tmp, { recursive: true }))

it('tells that a summary took the place of the conversation, and not of an agent that says so', () => {
  const thanks = 'Got it. Thanks for the additional context!'
  const set = (...messages: object[]) => JSON.stringify({ $set: { messages } })
  const summed = set({ type: 'user', content: [{ text: 'context' }] }, { type: 'user', content: [{ text: 'the summary' }] }, { type: 'gemini', content: [{ text: thanks }] })
  expect(readLine(summed)).toEqual([{ type: 'compressed', done: true }])
  expect(readLine(line({ type: 'info', content: '' }))).toEqual([{ type: 'compressed', done: false }])
  expect([set({ type: 'gemini', content: thanks, tokens }), set({ type: 'user', content: thanks }), line({ type: 'user', content: [{ text: thanks }] })].map((each) => readLine(each).filter(({ type }) => type === 'compressed'))).toEqual([[], [], []])
})

it('reads prompts, what hooks added, failures and a cancelled turn; what an agent or a tool says is none of these', () => {
  expect(readLine(line({ type: 'user', content: [{ text: 'hello' }] }))).toEqual([{ type: 'entered', by: 'prompt', text: 'hello', at }])
  const output = 'a tool says [mail #1] too\n\n<hook_context>[mail #2]\n&lt;&lt;&lt;x</hook_context>'
  expect(readLine(line({ type: 'user', content: [{ functionResponse: { name: 't', response: { output } } }] }))).toEqual([{ type: 'entered', by: 'hook', text: '[mail #2]\n<<<x', at }])
  expect(readLine(line({ type: 'error', content: '[API Error: x]' }))).toEqual([{ type: 'failed', text: '[API Error: x]', at }])
  expect(readLine(line({ type: 'info', content: 'Request cancelled.' }))).toEqual([{ type: 'cancelled', at }])
  for (const nothing of [line({ type: 'info', content: 'Update available' }), line({ type: 'gemini', content: 'Request cancelled.' }), '{"$set":{"messages":[]}}', '{"type":"us', '7']) expect(readLine(nothing)).toEqual([])
})

it('counts what was read from the cache by itself, and thoughts as output', () => {
  expect(readLine(answer(tokens))).toEqual([{ type: 'usage', usage: { key: 'a', at, model: 'gemini-2.5-flash', tokens: { input: 43, output: 12, cacheRead: 60, cacheWrite: 0 } } }])
  expect(readLine(answer(null))).toEqual([])
})

it('finds a conversation by its whole id, and knows whether there is one to resume', async () => {
  const id = '11111111-1111-4111-8111-111111111111'
  const chats = join(tmp, 'work', 'chats')
  mkdirSync(chats, { recursive: true })
  writeFileSync(join(chats, 'session-2026-11-21T15-00-11111111.jsonl'), `${JSON.stringify({ sessionId: id.replace(/1$/, '2') })}\n`)
  expect(await findSession(tmp, id)).toBeNull()
  const file = join(chats, 'session-2026-11-21T14-00-11111111.jsonl')
  writeFileSync(file, `${JSON.stringify({ sessionId: id })}\n`)
  expect(await findSession(tmp, id)).toBe(file)
  expect(await hasPrompts(file)).toBe(false)
  appendFileSync(file, `${answer(tokens)}\n`)
  expect(await hasPrompts(file)).toBe(true)
  expect(await findSession(tmp, '../../../etc')).toBeNull()
})

it('tells each fact once, a call whose figures come later again, and what subagents cost', async () => {
  const file = join(tmp, 'session-x.jsonl')
  writeFileSync(file, `${answer(tokens)}\n${answer(tokens)}\n`)
  const record = new SessionRecord(file, 'sid')
  const read = async () => {
    const facts: string[] = []
    for await (const fact of record.facts()) facts.push(fact.type === 'usage' ? `${fact.usage.key} ${fact.usage.tokens.output}` : fact.type)
    return facts
  }
  expect(await read()).toEqual(['a 12'])
  mkdirSync(join(tmp, 'sid'))
  writeFileSync(join(tmp, 'sid', 'sub.jsonl'), `${line({ type: 'user', content: 'not a prompt of ours' })}\n${answer(tokens, 'b')}\n`)
  appendFileSync(file, `${answer({ ...tokens, output: 9 })}\n`)
  expect(await read()).toEqual(['a 14', 'b 12'])
  expect(await read()).toEqual([])
})
