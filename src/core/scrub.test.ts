import { expect, test } from 'vitest'
import { scrubber } from './scrub.ts'

const canary = 'c4n4ry/with"quote+0123456789'

test('known values go, however they are written', () => {
  const scrub = scrubber([canary, 'word', ''])
  for (const text of [canary, JSON.stringify({ a: canary }), encodeURIComponent(canary), `${canary.slice(0, 9)}\n│ ${canary.slice(9)}`]) {
    expect(scrub(`a ${text} b`)).not.toMatch(/c4n4ry|456789/)
  }
  expect(JSON.parse(scrub(JSON.stringify({ a: canary, b: 'word' })))).toEqual({ a: '[secret]', b: 'word' })
})

test.each([
  'Authorization: Bearer abcdefgh12345678',
  `sk-${'abcdefgh'.repeat(4)}`,
  'ghp_abcdefghijklmnopqrst0123456789',
  'postgres://me:hunter22@host/db',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh',
  '123456789:AAabcdefghijklmnopqrstuvwxyz0123456',
  'TROUPE_AGENT_TOKEN=abcdefgh12345678',
  '{"api_key": "abcdefgh12345678"}',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----',
])('what looks like a secret goes: %s', (text) => {
  const left = scrubber([])(text)
  expect(left).toContain('[secret]')
  expect(left).not.toMatch(/abcdefgh|hunter22|MIIabc|abcdef0123|eyJzdWI/)
})

test('what is none stays', () => {
  const text = JSON.stringify({ tokens: { input: 12345 }, bot_token_env: 'BOT_TOKEN', hash: 'a'.repeat(64), inputTokens: 123456, url: 'http://127.0.0.1:2000/mcp' })
  expect(scrubber([])(text)).toBe(text)
})
