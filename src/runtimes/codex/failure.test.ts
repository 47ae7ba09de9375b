import { describe, expect, it } from 'vitest'
import { classify } from './failure.ts'

const now = Date.parse('2026-11-21T10:00:00Z')
const failed = (message: string, codexErrorInfo: unknown) => classify({ message, codexErrorInfo }, now)

describe('a turn that failed', () => {
  it.each([
    ['unexpected status 401 Unauthorized', { httpConnectionFailed: { httpStatusCode: 401 } }, 'auth'],
    ['log in again', 'unauthorized', 'auth'],
    ['exceeded retry limit, last status: 429 Too Many Requests', { responseTooManyFailedAttempts: { httpStatusCode: 429 } }, 'transient'],
    ['We’re currently experiencing high demand', 'internalServerError', 'transient'],
    ['stream disconnected before completion', { responseStreamDisconnected: { httpStatusCode: null } }, 'transient'],
    ['Quota exceeded. You exceeded your current quota, please check your plan', 'other', 'quota'],
    ['ran out of room', 'contextWindowExceeded', 'config'],
    ['no such model', 'modelNotFound', 'config'],
  ])('%s', (message, info, becomes) => {
    expect(failed(message, info)?.class).toBe(becomes)
  })

  it('is nothing that anybody could mend where nothing is known of it', () => {
    expect(failed('hm', 'other')).toBeNull()
    expect(failed('hm', null)).toBeNull()
  })

  it('knows when an allowance is given again, where it says so, and else what to do', () => {
    const words = 'You’ve hit your usage limit. Upgrade to Pro, or try again'
    expect(failed(`${words} in 2 hours 30 minutes.`, 'usageLimitExceeded')?.until).toBe(now + 9_000_000)
    expect(failed(`${words} later.`, 'usageLimitExceeded')).toMatchObject({ until: null, fix: expect.stringContaining('limit') })
    const until = failed(`${words} at Nov 23rd, 2026 5:46 AM.`, 'usageLimitExceeded')?.until ?? 0
    expect([new Date(until).getDate(), new Date(until).getHours(), new Date(until).getMinutes()]).toEqual([23, 5, 46])
  })
})
