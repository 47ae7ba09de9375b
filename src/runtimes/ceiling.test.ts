import { expect, it } from 'vitest'
import { ceilingIn } from './ceiling.ts'
import { classify as codex } from './codex/failure.ts'
import { classify as gemini } from './gemini/failure.ts'
import { classify as opencode } from './opencode/failure.ts'

const words = 'troupe: $2.00 spent of $1.00, no model call passes until 2026-11-22T00:00:00.000Z (budget.daily_usd_limit (team-compose.yaml:3))'
const error = (more: object): string => JSON.stringify({ error: { message: words, ...more } })
const opencodes = (message: string) => ({ name: 'APIError', data: { message, statusCode: 402, isRetryable: false } })

/** As each CLI was seen to show them. */
it.each([
  ['codex', codex({ message: error({ type: 'invalid_request_error', param: null }), codexErrorInfo: 'badRequest' }, 0)],
  ['gemini', gemini(`[API Error: ${error({ code: 402, status: 'INVALID_ARGUMENT' })}]`, 0)],
  ['opencode', opencode(opencodes(words), 0)],
  ['opencode with Mistral’s client', opencode(opencodes(`Payment Required: ${error({ type: 'insufficient_quota' })}`), 0)],
])('%s stops for it, with troupe’s own words and what helps', (_cli, failure) => {
  expect(failure).toEqual({ class: 'quota', why: words, until: null, fix: expect.stringContaining('troupe budget allow') as string })
})

it('is not seen in what others say', () => {
  expect(['no model call passes', 'troupe: hello', 'You exceeded your current quota'].map(ceilingIn)).toEqual([null, null, null])
})
