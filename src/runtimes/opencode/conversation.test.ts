import { expect, it } from 'vitest'
import type { Parcel, Signal } from '../../core/runtime.ts'
import { Parcels } from '../parcels.ts'
import { Signals } from '../signals.ts'
import type { Client, Message } from './client.ts'
import { Conversation } from './conversation.ts'

const id = (n: number) => `msg_${String(n).padStart(4, '0')}`
const time = { created: Date.now(), completed: Date.now() }
const user = (n: number, text: string): Message => ({ info: { id: id(n), role: 'user', time }, parts: [{ id: `prt_${n}`, type: 'text', text }] })
const answer = (n: number, to: number): Message => ({ info: { id: id(n), role: 'assistant', parentID: id(to), time, providerID: 'p', modelID: 'm', tokens: { input: 1 } }, parts: [] })
const marker = '01a1ffa2-ef21-7344-8034-9300142532c1'
const parcel = { id: 'a', n: 1, text: '[mail #1 · from user · id 01a1ffa2-ef21-7344-8034-9300142532c1]\n<<<f00\nhello\nf00>>>', marker } as Parcel

it('asks for the newest messages alone once the others are known, and keeps in mind where the older ones stand', async () => {
  const messages: Message[] = [user(1, parcel.text), user(2, 'waits behind it')]
  const asked: number[] = []
  const client = { messages: (_: string, limit: number) => (asked.push(limit), Promise.resolve(messages.slice(-limit))) } as unknown as Client
  const [signals, parcels] = [new Signals(() => undefined), new Parcels()]
  const heard: Signal[] = []
  signals.subscribe((signal) => heard.push(signal))
  parcels.add(parcel, 'push')
  const conversation = new Conversation({ client, parcels, signals, startedAt: 0 })
  await conversation.read('s')
  expect(conversation.find(marker)).toMatchObject({ message: id(1), taken: false })
  // A long turn that neither message has joined yet.
  for (let n = 3; n < 60; n++) messages.push(answer(n, 0))
  await conversation.readOn('s')
  expect(conversation.find(marker)).toMatchObject({ message: id(1), taken: false })
  expect(conversation.waiting).toMatchObject({ message: id(2) })
  expect(heard.filter(({ type }) => type === 'proof')).toEqual([])
  messages.push(answer(60, 1))
  await conversation.readOn('s')
  expect(conversation.find(marker)).toMatchObject({ taken: true })
  expect(heard).toContainEqual(expect.objectContaining({ type: 'proof', marker }))
  expect(conversation.waiting).toMatchObject({ message: id(2) })
  expect(Math.max(...asked.slice(1))).toBeLessThan(asked[0]! / 5)
})

it('tells the last words of a turn once, and not those before a tool call, nor of a turn that failed, nor of an earlier run', async () => {
  const says = (n: number, text: string, more: object = {}): Message => ({ info: { ...answer(n, 1).info, finish: 'stop', ...more }, parts: [{ id: `prt_${n}`, type: 'text', text }] })
  const messages: Message[] = [user(1, 'do it'), says(2, 'of earlier', { time: { created: 1, completed: 1 } })]
  const heard: Signal[] = []
  const signals = new Signals(() => undefined)
  signals.subscribe((signal) => heard.push(signal))
  const client = { messages: () => Promise.resolve(messages) } as unknown as Client
  const conversation = new Conversation({ client, parcels: new Parcels(), signals, startedAt: 1_000 })
  for (const next of [says(3, 'first I look', { finish: 'tool-calls' }), says(4, 'half', { time: { created: time.created } }), says(5, 'broken', { error: { name: 'APIError' } }), says(6, 'It is done.')]) {
    await conversation.read('s')
    messages.push(next)
  }
  await conversation.read('s')
  await conversation.read('s')
  expect(heard.filter(({ type }) => type === 'said')).toEqual([{ type: 'said', text: 'It is done.', at: time.completed }])
})
