import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testFolder } from '../../../test/fixtures/folder.ts'
import type { Signal } from '../../core/runtime.ts'
import { Parcels } from '../parcels.ts'
import { Signals } from '../signals.ts'
import { Conversation } from './conversation.ts'

const id = '11111111-1111-4111-8111-111111111111'

it('reads on after a look that failed', async () => {
  const tmp = testFolder('gemini-conversation-')
  const file = join(tmp, 'work', 'chats', 'session-2026-11-21T15-00-11111111.jsonl')
  // No file: opened, it cannot be read.
  mkdirSync(file, { recursive: true })
  const signals = new Signals(() => undefined)
  const heard: Signal['type'][] = []
  signals.subscribe(({ type }) => heard.push(type))
  const conversation = new Conversation({ tmp, signals, parcels: new Parcels(), startedAt: 0, failed: () => {}, cancelled: () => {} }, id)
  await expect(conversation.read()).rejects.toThrow('EISDIR')
  rmSync(file, { recursive: true })
  const answer = { type: 'gemini', id: 'a', model: 'm', timestamp: new Date().toISOString(), tokens: { input: 3, output: 2 } }
  writeFileSync(file, [{ sessionId: id }, answer].map((line) => `${JSON.stringify(line)}\n`).join(''))
  await conversation.read()
  expect(heard).toEqual(['session', 'usage'])
})
