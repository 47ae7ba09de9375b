import { expect, test } from 'vitest'
import { logLevel } from './log-level.ts'

test.each([
  [{}, 'info'],
  [{ TROUPE_LOG: 'debug', TEAMCTL_LOG: 'error' }, 'debug'],
  [{ TROUPE_LOG: '', TEAMCTL_LOG: 'WARN' }, 'warn'],
  [{ TEAMCTL_LOG: 'team_core=trace,debug' }, 'debug'],
  [{ TROUPE_LOG: 'off' }, 'silent'],
  [{ TROUPE_LOG: 'loud' }, 'info'],
])('%o is %s', (env, level) => {
  expect(logLevel(env)).toBe(level)
})
