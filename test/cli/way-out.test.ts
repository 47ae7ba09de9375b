import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import type { Phase } from '../../src/core/phase.ts'
import { liveDaemon } from '../fixtures/live-daemon.ts'
import { troupe } from './troupe.ts'

const cases: [Phase, RegExp[]][] = [
  [{ name: 'waiting', what: 'permission for Bash', fix: 'Escape refuses' }, [/waiting \(permission for Bash\)/, /troupe attach p:ada --rw: answer there \(it asks: permission for Bash\)\. Escape refuses/]],
  [{ name: 'waiting', what: 'unknown' }, [/waiting \(unknown\)/, /not known to troupe/]],
  [{ name: 'blocked', why: 'Not logged in · Please run /login', fix: 'run `claude` by yourself and /login' }, [/blocked \(Not logged in/, /run `claude` by yourself and \/login/, /troupe start p:ada/]],
  [{ name: 'parked', until: Date.now() + 3_600_000, why: 'limit reached' }, [/parked \(limit reached/, /by itself/, /troupe start p:ada: tries now/]],
  [{ name: 'parked', until: null, why: 'credit balance too low', fix: 'add funds at the provider' }, [/add funds at the provider/, /troupe start p:ada/]],
  [{ name: 'quarantined', why: 'ended 5 times in 10 min, last: exit 1' }, [/quarantined \(ended 5 times/, /troupe logs p:ada/, /troupe restart p:ada/]],
  [{ name: 'starting' }, [/starting/, /troupe attach p:ada/]],
]

test.each(cases)('T14: inspect and explain agent say what it is, how that is known, and what to do: %j', async (phase, says) => {
  const live = await liveDaemon({ names: ['ada'], phase })
  try {
    for (const command of [['inspect', 'ada'], ['explain', 'agent', 'ada']]) {
      const { stdout, code } = await troupe(dirname(live.root), command)
      expect(code).toBe(0)
      for (const words of [...says, /^Evidence\n.*screen.*as it was seen last/m, /^What you can do\n {2}\S/m]) expect(stdout).toMatch(words)
    }
  } finally {
    await live.close()
  }
}, 120_000)
