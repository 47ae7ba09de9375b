import { expect, it } from 'vitest'
import { classify } from './failure.ts'

const now = Date.parse('2026-11-21T15:00:00Z')
const api = (code: number, message: string) => `[API Error: ${JSON.stringify({ error: { code, message, status: 'X' } })}]`

it.each([
  [api(401, 'no such key'), { class: 'auth', why: 'no such key' }],
  [api(400, 'API key not valid. Please pass a valid API key.'), { class: 'auth' }],
  ['[API Error: You have exhausted your daily quota on this model.]\nPlease wait and try again later.', { class: 'quota', why: 'You have exhausted your daily quota on this model.', until: Date.parse('2026-11-22T08:00:00Z') }],
  ['[API Error: Quota exceeded for requests.\nSuggested retry after 3600s.]', { class: 'quota', until: now + 3_600_000 }],
  ['[API Error: You exceeded your current quota, limit: 0]', { class: 'quota', until: null, fix: expect.any(String) as string }],
  [api(429, 'slow down'), { class: 'transient', until: null }],
  ['[API Error: slow down]\nPlease wait and try again later. To increase your limits, request a quota increase through AI Studio', { class: 'transient', why: 'slow down' }],
  [api(503, 'The model is overloaded.'), { class: 'transient' }],
  ['Model stream ended without a finish reason.', { class: 'transient' }],
  [api(404, 'models/x is not found for API version v1beta'), { class: 'config' }],
  [api(400, 'The input token count (2000000) exceeds the maximum number of tokens allowed'), { class: 'config' }],
])('%s', (text, failure) => {
  expect(classify(text, now)).toMatchObject(failure)
})

it('knows nothing about other words', () => {
  expect(classify('[API Error: {"error":{"code":400,"message":"Bad schema"}}]', now)).toBeNull()
})
